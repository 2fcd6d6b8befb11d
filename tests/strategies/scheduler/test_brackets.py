import pytest

from nas_cli.errors import ConfigError
from nas_cli.schema import validate
from nas_cli.strategies.scheduler.brackets import Bracket, hyperband_brackets, rising_budgets, rungs, survivors
from nas_cli.strategies.scheduler.settings import HyperbandSettings, SuccessiveHalvingSettings
from tests.spaces.configured import values
from tests.strategies.scheduler.configured import batches, hyperband, successive_halving


def test_the_table_of_the_paper() -> None:
    """Li et al. 2018, Table 1: R = 81, η = 3."""
    brackets = hyperband_brackets(rising_budgets(1, 81, 3), 3)
    assert [rungs(bracket, bracket.size, 3) for bracket in brackets] == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(27, 3), (9, 9), (3, 27), (1, 81)],
        [(9, 9), (3, 27), (1, 81)],
        [(6, 27), (2, 81)],
        [(5, 81)],
    ]


def test_budgets_are_whole_and_not_below_the_least() -> None:
    assert rising_budgets(1, 200, 3) == (2, 7, 22, 67, 200)
    assert rising_budgets(5, 200, 3) == (7, 22, 67, 200)
    assert rising_budgets(1, 8, 2) == (1, 2, 4, 8)
    assert rising_budgets(4, 4, 3) == (4,)
    assert rising_budgets(1, 3, 1.1)[0] == 1 and len(set(rising_budgets(1, 3, 1.1))) == len(rising_budgets(1, 3, 1.1))


def test_a_given_list_of_budgets() -> None:
    brackets = hyperband(budgets=[12, 200], max_budget=None).brackets()
    assert brackets == (Bracket(3, (12, 200)), Bracket(2, (200,)))


def test_one_survives_at_least() -> None:
    assert [survivors(count, 3) for count in (1, 2, 3, 8, 9, 81)] == [1, 1, 1, 2, 3, 27]


def test_a_single_configuration_goes_straight_to_the_largest_budget() -> None:
    assert rungs(Bracket(9, (1, 3, 9)), 1, 3) == [(1, 9)]
    assert rungs(Bracket(9, (1, 3, 9)), 5, 3) == [(5, 1), (1, 9)]


def test_halving_leaves_one_at_the_largest_budget() -> None:
    assert successive_halving(min_budget=1, max_budget=81).brackets() == (Bracket(81, (1, 3, 9, 27, 81)),)
    assert successive_halving(max_budget=4, eta=2, configurations=10).brackets() == (Bracket(10, (1, 2, 4)),)


def test_the_planned_trials_are_those_of_the_brackets() -> None:
    settings = hyperband(max_budget=9)  # 9@1 3@3 1@9, 3@3 1@9, 3@9
    assert settings.planned(batches(15)) == 13 + 4 + 3
    assert settings.planned(batches(15 + 9 + 1)) == 20 + 13 + 1
    assert settings.planned(batches(10)) == 13 + 1


def test_the_epochs_of_the_estimator_are_the_largest_budget() -> None:
    assert hyperband(max_budget=None).within(9).levels() == (1, 3, 9)
    assert hyperband(max_budget=27).within(9).levels() == (1, 3, 9, 27)
    assert hyperband(max_budget=None, budgets=[12, 200]).within(9).levels() == (12, 200)


def test_no_budget_is_below_the_least_that_has_scores() -> None:
    assert hyperband(max_budget=None).within(27, least=3).levels() == (3, 9, 27)
    assert hyperband(max_budget=None, min_budget=9).within(27, least=3).levels() == (9, 27)
    assert hyperband(max_budget=None, budgets=[3, 9]).within(27, least=3).levels() == (3, 9)
    with pytest.raises(ConfigError, match="begins below 3, the smallest known"):
        hyperband(max_budget=None, budgets=[1, 9]).within(27, least=3)


@pytest.mark.parametrize("budgets", [None, [3, 9]])
def test_scores_that_know_no_budget_cannot_be_scheduled(budgets: list[int] | None) -> None:
    with pytest.raises(ConfigError, match="needs scores at several budgets.*--scheduler none"):
        hyperband(max_budget=None, budgets=budgets).within(0)


@pytest.mark.parametrize("cls", [HyperbandSettings, SuccessiveHalvingSettings])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budgets": [200, 12]}, "must rise"),
        ({"budgets": []}, "must rise"),
        ({"min_budget": 10, "max_budget": 3}, "min_budget=10 is above"),
        ({"max_budget": None}, "max_budget is not known"),
        ({"eta": 1.0}, "scheduler.eta must be in"),
    ],
)
def test_budgets_that_make_no_sense(cls: type, changes: dict[str, object], message: str) -> None:
    name = "hyperband" if cls is HyperbandSettings else "successive_halving"
    with pytest.raises(ConfigError, match=message):
        validate(cls, {**values("scheduler", name), "max_budget": 9, **changes}, "scheduler").brackets()
