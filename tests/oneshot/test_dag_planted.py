import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def planted() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        yield importlib.import_module("planted_structure")


def test_edges_without_a_way_to_the_output_do_not_count(planted: Any) -> None:
    space = planted.GraphSearch().space
    assert planted.live(space, ("relu", "none", "dense", "none", "none", "tanh")) == planted.PLANTED
    assert planted.live(space, ("dense", "none", "relu", "tanh", "none", "none")) == {(0, 3): "tanh"}
    assert planted.live(space, ("none", "none", "relu", "none", "none", "dense")) == {}


@pytest.mark.slow
def test_the_planted_edges_are_found_with_a_prior(planted: Any) -> None:
    search = planted.GraphSearch()
    runs = [search.best("dirichlet", seed, planted.STARTS) for seed in range(10)]
    assert sum(run.edges_right for run in runs) >= 8


@pytest.mark.slow
def test_irrelevant_inputs_are_removed_without_loss(planted: Any) -> None:
    search = planted.InputSearch()
    runs = [search.run(seed) for seed in range(5)]
    assert sum(run.irrelevant_removed for run in runs) >= 0.9 * sum(run.irrelevant for run in runs)
    assert all(run.rmse_after <= 1.01 * run.rmse_before and run.rmse_after <= run.rmse_plain for run in runs)
