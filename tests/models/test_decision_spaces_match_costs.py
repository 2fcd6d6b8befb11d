"""Networks of the spaces of decisions: built, counted, saved, and one of each trained."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.models.builder import build
from nas_cli.models.load import load_model
from nas_cli.spaces.nasbench201 import from_arch
from tests.spaces.configured import registered

FIELDS = (
    "params trainable_params macs flops other_flops weight_bytes activation_bytes training_activation_bytes".split()
)
SMALL: dict[str, dict[str, Any]] = {
    "chain": {"operations": ("conv", "separable", "mbconv"), "filters": (4, 6, 8), "units": (5, 7)},
    "cell": {"layers": 3, "channels": 3},
    "nasbench201": {"cells": 1, "channels": 3},
}
EVERYTHING_DEAD = from_arch("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
ZEROS_READ = from_arch("|none~0|+|none~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|skip_connect~2|")


def _space(name: str, shape: tuple[int, ...] = (13, 10, 3)) -> Any:
    return registered(name, shape, **SMALL[name])


def _genotypes(name: str, space: Any, count: int) -> list[Any]:
    rng = np.random.default_rng(0)
    special = [EVERYTHING_DEAD, ZEROS_READ] if name == "nasbench201" else []
    return special + [space.sample(rng) for _ in range(count)]


@pytest.mark.parametrize(("name", "count"), [("chain", 12), ("cell", 2), ("nasbench201", 3)])
def test_built_networks_cost_what_was_counted(name: str, count: int) -> None:
    space = _space(name)
    for genotype in _genotypes(name, space, count):
        architecture = space.architecture(genotype)
        expected, found = architecture_cost(architecture), model_cost(build(architecture))
        assert [getattr(found, field) for field in FIELDS] == [getattr(expected, field) for field in FIELDS], genotype


def test_a_chain_on_vectors_costs_what_was_counted() -> None:
    space = registered("chain", (13,), 1)
    architecture = space.architecture(space.sample(np.random.default_rng(1)))
    expected, found = architecture_cost(architecture), model_cost(build(architecture))
    assert [getattr(found, field) for field in FIELDS] == [getattr(expected, field) for field in FIELDS]


def test_a_saved_cell_with_zeros_loads_in_safe_mode_and_answers_the_same(tmp_path: Path) -> None:
    model = build(_space("nasbench201").architecture(ZEROS_READ), [0.01] * 3, [-1.0] * 3)
    images = np.random.default_rng(0).integers(0, 256, (2, 13, 10, 3)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict_on_batch(images), model.predict_on_batch(images))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_network_of_each_space_learns(name: str) -> None:
    """Bright images from dark ones, halves apart."""
    keras.utils.set_random_seed(0)
    space = registered(name, (8, 8, 1), 2, **SMALL[name])
    rng = np.random.default_rng(0)
    genotype = from_arch("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|avg_pool_3x3~2|")
    model = build(space.architecture(genotype if name == "nasbench201" else space.sample(rng)), [0.02], [-2.5])
    labels = rng.integers(0, 2, 256)
    images = (rng.integers(0, 128, (256, 8, 8, 1)) + 127 * labels[:, None, None, None]).astype(np.float32)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"], jit_compile=False)
    model.fit(images, labels, batch_size=32, epochs=4, verbose=0)
    assert model.evaluate(images, labels, batch_size=64, verbose=0)[1] > 0.9
