import dataclasses

import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.limits import Limits
from nas_cli.spaces.architecture import Architecture, node

NET = Architecture((node("input", shape=(100,)), node("dense", (0,), units=10)))
COST = architecture_cost(NET)


def test_a_bound_itself_is_admitted() -> None:
    limits = Limits(max_flops=2000, max_params=1010, max_memory_bytes=COST.training_bytes(8), batch_size=8)
    assert limits.admits(COST)
    assert Limits(None, None, None).admits(COST)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("max_flops", 1999, "FLOPs exceed max_flops"),
        ("max_params", 1009, "parameters exceed max_params 1009"),
        ("max_memory_bytes", 100, "a training step of batch 8"),
    ],
)
def test_the_exceeded_bound_is_named(key: str, value: int, words: str) -> None:
    limits = dataclasses.replace(Limits(None, None, None, batch_size=8), **{key: value})
    assert not limits.admits(COST)
    assert words in str(limits.violation(COST))


def test_training_memory_grows_with_the_batch_by_the_outputs() -> None:
    # 110 numbers are kept for each example and 110 live at once; weights, gradients and two moments do not grow.
    assert COST.training_bytes(1) == 4 * (220 + 4 * 1010)
    assert COST.training_bytes(3) - COST.training_bytes(2) == 4 * 220
