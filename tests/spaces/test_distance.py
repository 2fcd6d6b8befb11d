"""Distances between architectures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.spaces.architecture import Architecture, node
from nas_cli.spaces.distance import architecture_distance
from nas_cli.spaces.morphing import morphed
from nas_cli.spaces.morphism import Morphism
from tests.spaces.random_chains import chain


def plain(filters: int = 4, kernel: int = 3) -> Architecture:
    return Architecture(
        (
            node("input", shape=(8, 8, 1)),
            node("conv2d", (0,), filters=filters, kernel=kernel),
            node("flatten", (1,)),
            node("dense", (2,), units=3),
        )
    )


def test_a_changed_setting_costs_half_its_ratio_over_the_settings() -> None:
    """filters 4 against 8 of two settings: (1 − 1/2) / 2, halved."""
    assert architecture_distance(plain(), plain(filters=8)) == pytest.approx(0.125)
    assert architecture_distance(plain(), plain(filters=8, kernel=1)) == pytest.approx(0.5 * (0.5 + 2 / 3) / 2)


def test_a_further_layer_costs_one_whatever_moves() -> None:
    first = Architecture((*plain().nodes[:1], node("conv2d", (0,), filters=4, kernel=3, activation="relu"),
                          node("flatten", (1,)), node("dense", (2,), units=3)))  # fmt: skip
    assert architecture_distance(first, morphed(first, Morphism("deepen", 1))) == 1.0


@given(st.integers(0, 10**6))
def test_it_is_a_distance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, c = (chain(rng) for _ in range(3))
    assert architecture_distance(a, a) == 0
    assert architecture_distance(a, b) == architecture_distance(b, a)
    assert (architecture_distance(a, b) == 0) == (a == b)
    between = architecture_distance(a, b) + architecture_distance(b, c)
    assert architecture_distance(a, c) <= between + 1e-9
