"""Which rates are tried, and which is chosen."""

import pytest

from nas_cli.bench.optimizers.tuning import Choice, best_rate, next_rate

GRID = (0.01, 0.1, 1.0)


def tried(accuracies: dict[float, float | None]) -> dict[float, tuple[float, float] | None]:
    return {rate: None if value is None else (value, 1.0 - value) for rate, value in accuracies.items()}


def test_the_grid_is_tried_from_its_smallest_rate() -> None:
    assert next_rate(GRID, 2, {}) == 0.01
    assert next_rate(GRID, 2, tried({0.01: 0.5})) == 0.1


def test_a_best_rate_inside_ends_the_search() -> None:
    scores = tried({0.01: 0.5, 0.1: 0.6, 1.0: None})
    assert next_rate(GRID, 2, scores) is None
    assert best_rate(scores) == Choice(0.1, at_edge=False)


@pytest.mark.parametrize(("accuracies", "beyond"), [
    ({0.01: 0.9, 0.1: 0.6, 1.0: 0.5}, 0.001),
    ({0.01: 0.4, 0.1: 0.6, 1.0: 0.7}, 10.0),
])  # fmt: skip
def test_a_best_rate_at_the_edge_widens_the_grid(accuracies: dict[float, float | None], beyond: float) -> None:
    scores = tried(accuracies)
    assert next_rate(GRID, 1, scores) == beyond
    assert next_rate(GRID, 0, scores) is None
    still_best = {**scores, beyond: (0.95, 0.05)}
    assert next_rate(GRID, 1, still_best) is None
    assert best_rate(still_best) == Choice(beyond, at_edge=True)


def test_of_equal_accuracies_the_lower_loss_is_chosen() -> None:
    assert best_rate({0.1: (0.5, 2.0), 0.2: (0.5, 1.0), 0.3: (0.4, 0.1)}) == Choice(0.2, at_edge=False)


def test_an_optimizer_that_always_diverges_has_no_rate() -> None:
    assert best_rate(tried(dict.fromkeys(GRID))) is None
    assert next_rate(GRID, 3, tried(dict.fromkeys(GRID))) is None
