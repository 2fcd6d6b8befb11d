"""Networks of the thesis' spaces, as searched: built, counted, and the largest trained for one batch."""

from pathlib import Path

import keras
import numpy as np
import pytest
import yaml

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.cost import Cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.limits import Limits
from nas_cli.models.builder import build
from nas_cli.schema import validate
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.modular import ModularSpace, ModularSpaceSettings

SPACES = {"thesis_small": ((32, 32, 3), 10), "thesis_large": ((64, 64, 3), 100)}
CONFIGURATION = Path(__file__).parents[2] / "conf" / "space"
SAMPLES = 105


@pytest.fixture(scope="module", params=sorted(SPACES))
def searched(request: pytest.FixtureRequest) -> list[Architecture]:
    """Random networks of one space that its limits admit, the costliest last."""
    shape, classes = SPACES[request.param]
    values = yaml.safe_load((CONFIGURATION / f"{request.param}.yaml").read_text(encoding="utf-8"))
    settings = validate(ModularSpaceSettings, values)
    space = ModularSpace(settings, shape, classes)
    limits = Limits(settings.max_flops, settings.max_params, None)
    generator = np.random.default_rng(2)
    found: list[tuple[int, Architecture]] = []
    while len(found) < SAMPLES:
        architecture = space.architecture(space.sample(generator))
        cost = architecture_cost(architecture)
        if limits.admits(cost):
            found.append((cost.flops, architecture))
    return [architecture for _, architecture in sorted(found, key=lambda pair: pair[0])]


def _totals(cost: Cost) -> tuple[int, ...]:
    return (
        cost.params,
        cost.trainable_params,
        cost.macs,
        cost.other_flops,
        cost.activation_bytes,
        cost.training_activation_bytes,
    )


def test_built_networks_cost_what_was_counted(searched: list[Architecture]) -> None:
    for architecture in searched:
        model = build(architecture)
        assert _totals(model_cost(model)) == _totals(architecture_cost(architecture)), architecture.digest()
        assert model.count_params() == architecture_cost(architecture).params


def test_the_largest_network_trains_one_batch(searched: list[Architecture]) -> None:
    largest = searched[-1]
    shape, classes = largest.input_shape, int(largest.nodes[-1]["units"])
    model = build(largest, [0.02] * shape[-1], [-2.0] * shape[-1])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    images = np.random.default_rng(0).integers(0, 256, (4, *shape)).astype(np.float32)
    assert np.isfinite(model.train_on_batch(images, np.arange(4) % classes))
    keras.backend.clear_session()
