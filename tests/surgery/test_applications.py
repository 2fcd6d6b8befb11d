"""Surgery on the zoo: the project's own networks and those of `keras.applications`, random weights, small inputs."""

from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.models import zoo
from nas_cli.models.load import load_model
from nas_cli.surgery.channels import Channels, find_channels
from nas_cli.surgery.shrink import shrink
from tests.surgery.agreement import answers, assert_agree, random_keep
from tests.surgery.random_weights import images, randomise

OWN: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "lenet_300_100": ((28, 28, 1), {}),
    "paper3_cnn": ((32, 32, 3), {}),
    "resnet20": ((16, 16, 3), {"shortcut": "pad"}),
}

FAST = {"resnet50": 32, "vgg16": 32, "inception_v3": 75, "mobilenet_v2": 32}

SLOW = {
    "convnext_tiny": 64, "densenet121": 64, "efficientnet_b0": 64, "efficientnet_v2_b0": 64, "efficientnet_v2_s": 64,
    "inception_resnet_v2": 75, "mobilenet": 64, "mobilenet_v3_large": 64, "mobilenet_v3_small": 64,
    "nasnet_mobile": 64, "resnet56": 32, "resnet50_v2": 64, "resnet101": 64, "vgg19": 32, "xception": 75,
}  # fmt: skip
"""One of each family, and side in pixels. The others of a family repeat its blocks more often, or wider."""


@cache
def _network(name: str) -> tuple[keras.Model, Channels]:
    keras.utils.set_random_seed(0)
    shape, options = OWN.get(name) or ((FAST.get(name) or SLOW[name],) * 2 + (3,), {})
    model = zoo.build(name, shape, 10, [1 / 64] * shape[-1], [-2.0] * shape[-1], **options)
    randomise(model, np.random.default_rng(0))
    return model, find_channels(model)


def _check(name: str, tmp_path: Path) -> None:
    """Masked = shrunk, cost as predicted, and the shrunk file loads with the same answers."""
    model, channels = _network(name)
    batch = images(model, np.random.default_rng(0))
    keep = random_keep(channels, np.random.default_rng(1))
    assert sum(len(group.units) for group in channels.groups if group.fixed is None) > channels.units // 10
    shrunk = shrink(model, keep)
    assert_agree(model, channels, keep, shrunk)
    assert np.abs(answers(shrunk, batch) - answers(model, batch)).max() > 1e-3
    shrunk.save(tmp_path / "shrunk.keras")
    loaded = load_model(tmp_path / "shrunk.keras")
    np.testing.assert_allclose(answers(loaded, batch), answers(shrunk, batch), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", (*OWN, *FAST))
def test_networks_shrink_to_what_their_masked_form_computes(name: str, tmp_path: Path) -> None:
    _check(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_every_other_family_of_keras_applications_shrinks_as_well(name: str, tmp_path: Path) -> None:
    _check(name, tmp_path)
    _network.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("name", FAST)
def test_a_shrunk_application_trains(name: str) -> None:
    model, channels = _network(name)
    shrunk = shrink(model, random_keep(channels, np.random.default_rng(1)))
    batch = images(model, np.random.default_rng(0), 8)
    shrunk.compile(keras.optimizers.SGD(1e-4), keras.losses.SparseCategoricalCrossentropy(True), run_eagerly=True)
    before = shrunk.get_weights()
    assert np.isfinite(shrunk.train_on_batch([batch], np.arange(len(batch))))
    assert any(not np.array_equal(old, new) for old, new in zip(before, shrunk.get_weights(), strict=True))
