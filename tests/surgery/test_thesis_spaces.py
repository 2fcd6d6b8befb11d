"""Networks of the thesis' spaces, merged in every way: with all that the builder pads, pools and crops."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.limits import Limits
from nas_cli.models.builder import build
from nas_cli.schema import validate
from nas_cli.spaces.modular import ModularSpace, ModularSpaceSettings
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.shrink import shrink
from tests.surgery.agreement import assert_agree, random_keep
from tests.surgery.random_weights import randomise

CONFIGURATION = Path(__file__).parents[2] / "conf" / "space"


def _sampled(space: str, seed: int, **changes: Any) -> keras.Model:
    values = yaml.safe_load((CONFIGURATION / f"{space}.yaml").read_text(encoding="utf-8"))
    settings = validate(ModularSpaceSettings, {**values, "extra_layers": 0.6, "extra_links": 0.5, **changes})
    sampler = ModularSpace(settings, (16, 16, 3), 10)
    generator, limits = np.random.default_rng(seed), Limits(30e6, 3e6, None)
    while True:
        architecture = sampler.architecture(sampler.sample(generator))
        if limits.admits(architecture_cost(architecture)):
            model = build(architecture, [1 / 64] * 3, [-2.0] * 3)
            randomise(model, generator)
            return model


def _check(space: str, seed: int, **changes: Any) -> None:
    model = _sampled(space, seed, **changes)
    channels = find_channels(model)
    keep = random_keep(channels, np.random.default_rng(seed))
    removable = sum(len(group.units) for group in channels.groups if group.fixed is None)
    assert removable == channels.units - 3 - 10, "only the image and the classes stay"
    assert_agree(model, channels, keep, shrink(model, keep))


@pytest.mark.parametrize("space", ["thesis_small", "thesis_large"])
@pytest.mark.parametrize("merge", ["concat", "sum"])
@pytest.mark.parametrize("head", ["flatten", "global_average_pool"])
def test_a_network_of_each_space(space: str, merge: str, head: str) -> None:
    _check(space, 0, merge=merge, head=head, batch_norm=merge == "sum")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 31))
@pytest.mark.parametrize("space", ["thesis_small", "thesis_large"])
@pytest.mark.parametrize("merge", ["concat", "sum"])
def test_many_networks_of_each_space(space: str, merge: str, seed: int) -> None:
    _check(space, seed, merge=merge, head=("flatten", "global_average_pool")[seed % 2], batch_norm=seed % 3 == 0)
