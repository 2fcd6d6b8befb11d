"""Every unit lives at the start: no network of a space is shrunk before its first step."""

import math
from collections.abc import Iterator

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from nas_cli.models.builder import build
from nas_cli.morph.relevance import Relevance
from nas_cli.spaces.architecture import Architecture, node
from nas_cli.surgery.channels import find_channels
from tests.morph import nets
from tests.spaces.configured import space

SPACES = [("thesis_small", (28, 28, 1), 0.1), ("thesis_small", (32, 32, 3), 0.1), ("thesis_large", (32, 32, 3), 0.05)]


def sampled(name: str, shape: tuple[int, ...], count: int) -> Iterator[Architecture]:
    found, rng = space(name, shape), np.random.default_rng(0)
    for _ in range(count):
        yield found.architecture(found.sample(rng))


@pytest.mark.parametrize(("name", "shape", "threshold"), SPACES)
def test_all_units_of_sampled_networks_live(name: str, shape: tuple[int, ...], threshold: float) -> None:
    for architecture in sampled(name, shape, 4):
        channels = find_channels(build(architecture))
        settings = nets.settings(regularizer="group_lasso", norm_threshold=threshold)
        relevance = Relevance(channels, settings)
        assert relevance.living().all()
        assert not relevance.immortal.all()


def starting_norms(kernel: int, inputs: int, width: int) -> tuple[NDArray[np.float64], float]:
    """The norms of a convolution's initial slices, and √(2·C_in / (C_in + C_out)), the root of their mean square:
    Glorot's variance is 2 / (k²·(C_in + C_out)), and a slice has k²·C_in weights.
    """
    keras.utils.set_random_seed(1)
    last = node("dense", (2,), units=10)
    layers = (
        node("input", shape=(8, 8, inputs)),
        node("conv2d", (0,), filters=width, kernel=kernel),
        node("global_average_pool", (1,)),
        last,
    )
    channels = find_channels(build(Architecture(layers)))
    scores = Relevance(channels, nets.settings(regularizer="group_lasso")).scores()
    return scores[channels.group("conv2d_1").units], math.sqrt(2 * inputs / (inputs + width))


@pytest.mark.parametrize(
    ("kernel", "inputs", "width"), [(1, 68, 16), (3, 16, 68), (5, 68, 68), (2, 128, 16), (13, 16, 128), (13, 3, 128)]
)
def test_the_norms_at_the_start_are_what_glorot_gives(kernel: int, inputs: int, width: int) -> None:
    """So the plain threshold holds for all but layers of very few weights per channel: here no norm is below 0.1."""
    norms, expected = starting_norms(kernel, inputs, width)
    assert math.sqrt(float((norms**2).mean())) == pytest.approx(expected, rel=0.1)
    assert norms.min() > 0.1


def test_a_1x1_kernel_on_a_grey_image_is_why_a_threshold_is_at_most_half_of_the_start() -> None:
    """A single weight, uniform in ±√(6 / 69): a third of 68 channels start below 0.1, and all live."""
    norms, expected = starting_norms(1, 1, 68)
    assert expected == pytest.approx(0.17, abs=0.01)
    assert (norms < 0.1).mean() == pytest.approx(0.1 / math.sqrt(6 / 69), abs=0.15)
