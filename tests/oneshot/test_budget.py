import math

import numpy as np
import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.errors import ConfigError
from nas_cli.oneshot.budget import check_space, random_trials, step_bytes, trainings_paid
from nas_cli.oneshot.memory import supernet_cost
from tests.oneshot.supernet_settings import darts, one_shot
from tests.spaces.configured import registered

SPACE = registered("nasbench201", (8, 8, 1), 3, channels=2, cells=1)


def test_searches_pay_for_as_many_random_trainings_as_they_compute() -> None:
    rng = np.random.default_rng(0)
    mean = np.mean([architecture_cost(SPACE.architecture(SPACE.sample(rng))).flops for _ in range(30)])
    expected = 2 * 6 * supernet_cost(SPACE).flops / (mean * 4)
    assert trainings_paid(darts(), SPACE, 4) == pytest.approx(expected)
    assert trainings_paid(darts(order=2), SPACE, 4) == pytest.approx(2.5 * expected)
    # Six half epochs, and 36 scores on the other half, forward alone: as much again.
    assert trainings_paid(one_shot(epochs=6, searches=2, scored=18), SPACE, 4) == pytest.approx(expected)
    assert random_trials(darts(generations=100), SPACE, 4) == math.ceil(expected)
    assert random_trials(darts(generations=1, population=3), SPACE, 4) == 3
    assert random_trials(darts(random=7), SPACE, 4) == 7


def test_a_supernet_that_does_not_fit_is_refused_with_what_would() -> None:
    needed = step_bytes(darts(), SPACE, 1e12)
    with pytest.raises(ConfigError, match="batch of at most"):
        step_bytes(darts(), SPACE, needed / 2)


@pytest.mark.parametrize(
    ("space", "changes", "message"),
    [
        ("chain", {}, "needs a space with a supernet"),
        ("dag", {"path_dropout": 0.1}, "space dag has none"),
    ],
)
def test_spaces_that_do_not_fit(space: str, changes: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_space(space, darts(**changes))
