from nas_cli.strategies.contract import Outcome
from nas_cli.strategies.scheduler.scheduled import Scheduled
from tests.strategies.points import letters, point, spells
from tests.strategies.scheduler.configured import batches, bayesian, hyperband

SEEDS = range(5)


def epochs_to_the_optimum(seed: int, startup: int) -> int:
    """Epochs until the best of 256 words is known at the largest budget; a small budget shows less of the fitness."""
    inner = bayesian(letters(), batches(300, startup=startup), seed)
    search = Scheduled(hyperband(max_budget=9), inner, seed)
    spent = 0
    while batch := search.ask():
        outcomes = []
        for proposal in batch:
            budget, fitness = proposal.budget or 0, spells(*point(proposal))
            spent += budget - (budget // 3 if proposal.continues is not None else 0)
            if fitness == 4.0 and budget == 9:
                return spent
            outcomes.append(Outcome(proposal.trial, fitness - 0.5 / budget))
        search.tell(outcomes)
    raise AssertionError("the optimum was not found")


def test_with_a_model_hyperband_finds_the_optimum_sooner_than_with_random_configurations() -> None:
    random = [epochs_to_the_optimum(seed, startup=10**6) for seed in SEEDS]
    model = [epochs_to_the_optimum(seed, startup=10) for seed in SEEDS]
    assert sum(model) < 0.6 * sum(random)
