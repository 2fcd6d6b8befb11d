from nas_cli.spaces.candidate import Point
from nas_cli.strategies.contract import Outcome, Proposal
from nas_cli.strategies.scheduler.configuration import Configuration, comparable, promoted


def configuration(trial: int, *fitness: float | None) -> Configuration:
    """One that was evaluated at as many budgets as it has values."""
    outcomes = [Outcome(100 + 10 * trial + at, value) for at, value in enumerate(fitness)]
    return Configuration(Proposal(trial, 0, Point((("x", trial),))), outcomes)


def told(*members: Configuration) -> list[float | None]:
    outcomes = comparable(members)
    assert [outcome.trial for outcome in outcomes] == [member.proposal.trial for member in members]
    return [outcome.fitness for outcome in outcomes]


def test_the_best_are_promoted_in_the_order_of_their_proposals() -> None:
    members = [configuration(at, value) for at, value in enumerate([0.3, 0.9, None, 0.5, 0.9])]
    assert [member.proposal.trial for member in promoted(members, 2)] == [1, 4]
    assert [member.proposal.trial for member in promoted(members, 3)] == [1, 3, 4]
    assert promoted([configuration(0, None), configuration(1, float("nan"))], 1) == []


def test_the_last_budget_counts() -> None:
    assert told(configuration(0, 0.2), configuration(1, 0.3, 0.6), configuration(2, 0.4, 0.7, 0.8)) == [0.2, 0.6, 0.8]


def test_one_that_was_stopped_never_counts_more_than_those_that_went_on() -> None:
    """Fitness falls with the budget: 0.5 and 0.6 at the smallest, 0.55 and 0.4 behind it."""
    assert told(configuration(0, 0.5), configuration(1, 0.6, 0.4)) == [0.4, 0.4]
    assert told(configuration(0, 0.5), configuration(1, 0.6, 0.55), configuration(2, 0.7, 0.6, 0.3)) == [0.3, 0.3, 0.3]


def test_a_configuration_that_failed_at_any_budget_failed_and_bounds_nobody() -> None:
    assert told(configuration(0, 0.5), configuration(1, 0.6, None)) == [0.5, None]
    assert told(configuration(0, None), configuration(1, None)) == [None, None]
