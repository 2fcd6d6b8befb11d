from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.estimators.contract import Score
from nas_cli.estimators.mixture import mixture_norms, with_mixture
from nas_cli.spaces.architecture import Architecture, node
from nas_cli.spaces.ensemble import Subnetwork
from tests.estimators import test_extrapolate, test_inherit, test_train
from tests.spaces.test_ensemble import ensembles


def test_the_norm_of_each_subnetwork_s_weights() -> None:
    """Two hidden layers of 2 and 3 units: kernel rows 1, 1 and 2, 2, 2 for each of 4 classes."""
    from nas_cli.models.builder import build

    architecture = ensembles(shape=(5,), classes=4, widths=(2, 3)).architecture((Subnetwork(1, 2), Subnetwork(2, 3)))
    model = build(architecture)
    kernel = np.repeat([[1.0], [-1.0], [2.0], [2.0], [-2.0]], 4, axis=1)
    model.layers[-1].set_weights([kernel, np.zeros(4)])
    assert mixture_norms(architecture, model) == pytest.approx({"mixture_l1_0": 2.0, "mixture_l1_1": 6.0})


def test_other_networks_have_none() -> None:
    nodes = (node("input", shape=(3,)), node("dense", (0,), units=4), node("dense", (1,), units=2))
    assert mixture_norms(Architecture(nodes), None) == {}


def test_a_failed_training_keeps_its_metrics() -> None:
    nodes = (node("input", shape=(3,)), node("merge", (0,), mode="concat"), node("dense", (1,), units=2))
    failed = Score(None, failure="diverged")
    assert with_mixture(failed, Architecture(nodes), None) == failed


@pytest.mark.parametrize("make", [test_train.make, test_inherit.make, test_extrapolate.make])
def test_every_estimator_that_trains_measures_them(make: Callable[[Path], Any], tmp_path: Path) -> None:
    space = ensembles(shape=(12, 12, 1), classes=3, widths=(2,))
    score = make(tmp_path).estimate(space.architecture((Subnetwork(1, 2),) * 2), 0, None, lambda _: None)
    assert score.metrics["mixture_l1_0"] > 0 and score.metrics["mixture_l1_1"] > 0
