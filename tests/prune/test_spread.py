"""How the share is divided among layers, by hand and as properties."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import ConfigError
from nas_cli.prune.erk import erk_densities
from nas_cli.prune.gradual import falling_counts
from nas_cli.prune.normalise import normalised
from nas_cli.prune.sensitivity import sensitive_shares
from nas_cli.prune.spread import kept_counts, whole_counts
from nas_cli.prune.weight_selection import select_weights
from tests.prune.prune_settings import prune


def weight(path: str, shape: tuple[int, ...], is_output: bool = False) -> Any:
    return SimpleNamespace(path=path, shape=shape, size=math.prod(shape), is_output=is_output)


def test_erk_by_hand() -> None:
    """raw: 3×3×2×4 has 12/72 = 1/6 (so 12 weights), 8×10 has 18/80 (18 weights): of 152·0.25 = 38 ε is 38/30."""
    found = erk_densities([(3, 3, 2, 4), (8, 10)], 0.25)
    assert found == pytest.approx([38 / 30 / 6, 38 / 30 * 18 / 80])


def test_erk_makes_a_kernel_dense_whose_density_would_exceed_one() -> None:
    """raw: 2×2 has 1 (4 weights), 10×10 has 0.2 (20). Of 52 weights ε is 52/24 > 1: the first is dense, and the other
    gets the remaining 48 of 100."""
    assert erk_densities([(2, 2), (10, 10)], 0.5) == pytest.approx([1.0, 0.48])


@given(
    st.lists(st.tuples(*[st.integers(1, 9)] * 4), min_size=1, max_size=6),
    st.floats(0.01, 1.0),
)
def test_erk_keeps_the_total(shapes: list[tuple[int, ...]], density: float) -> None:
    sizes = [math.prod(shape) for shape in shapes]
    found = erk_densities(shapes, density)
    assert all(0 <= one <= 1 for one in found)
    assert sum(size * one for size, one in zip(sizes, found, strict=True)) == pytest.approx(density * sum(sizes))


def test_uniform_counts_and_the_output_layer_at_half_the_rate() -> None:
    weights = [weight("a", (10, 7)), weight("b", (7, 10), is_output=True)]
    assert kept_counts(weights, prune(), [0.35]) == {"a": round(70 * 0.65), "b": round(70 * 0.65)}
    # Two rounds of 20 %: 0.8² of the first, 0.9² of the last.
    assert kept_counts(weights, prune(output_rate=0.5), [0.2, 0.36]) == {"a": 45, "b": 57}


@given(st.dictionaries(st.text(max_size=3), st.tuples(st.integers(1, 50), st.floats(0, 1)), min_size=1))
def test_whole_counts_have_the_wanted_total(parts: dict[str, tuple[int, float]]) -> None:
    sizes = {name: size for name, (size, _) in parts.items()}
    densities = {name: density for name, (_, density) in parts.items()}
    exact = {name: sizes[name] * densities[name] for name in parts}
    total = round(sum(exact.values()))
    found = whole_counts(exact, sizes, total)
    assert sum(found.values()) == total
    assert all(abs(found[name] - exact[name]) <= 1 and found[name] <= sizes[name] for name in parts)


def test_what_a_kernel_no_longer_has_another_one_keeps() -> None:
    assert whole_counts({"a": 4.6, "b": 5.3}, {"a": 4, "b": 9}, 10) == {"a": 4, "b": 6}


def test_sensitivity_by_hand() -> None:
    """a falls by 0.2 at 0.5, b by 0.1: both lines go on to 0.2 at 1. At a price of 0.1 a loses 0.25 and b 0.5."""
    curves = {"a": [(0.5, 0.2)], "b": [(0.5, 0.1)]}
    found = sensitive_shares(curves, {"a": 100, "b": 100}, 0.375)
    assert found == pytest.approx({"a": 0.25, "b": 0.5})


def test_a_level_stretch_is_taken_in_part() -> None:
    """a can lose half for nothing: of 10 + 10 units a share of 0.1 takes 2 of it."""
    found = sensitive_shares({"a": [(0.5, 0.0), (0.9, 1.0)], "b": [(0.5, 1.0)]}, {"a": 10, "b": 10}, 0.1)
    assert found == pytest.approx({"a": 0.2, "b": 0.0}, abs=1e-9)


def test_a_layer_without_a_curve() -> None:
    with pytest.raises(ConfigError, match="needs a measured curve for 'b'"):
        sensitive_shares({"a": [(0.5, 0.1)]}, {"a": 1, "b": 1}, 0.5)


@given(
    st.lists(
        st.tuples(st.integers(1, 99), st.lists(st.floats(-0.1, 1), min_size=3, max_size=3)), min_size=1, max_size=5
    ),
    st.floats(0, 1),
)
def test_sensitive_shares_have_the_wanted_total(layers: list[tuple[int, list[float]]], share: float) -> None:
    sizes = {str(place): size for place, (size, _) in enumerate(layers)}
    curves = {str(place): list(zip((0.3, 0.6, 0.9), falls, strict=True)) for place, (_, falls) in enumerate(layers)}
    found = sensitive_shares(curves, sizes, share)
    assert all(0 <= one <= 1 for one in found.values())
    assert sum(found[name] * sizes[name] for name in sizes) == pytest.approx(share * sum(sizes.values()), abs=1e-6)


def test_normalising() -> None:
    scores = np.array([3.0, 4.0, np.inf])
    assert normalised(scores, "mean").tolist() == pytest.approx([6 / 7, 8 / 7, np.inf])
    assert normalised(scores, "l2").tolist() == pytest.approx([0.6, 0.8, np.inf])
    assert normalised(scores, "none").tolist() == [3.0, 4.0, np.inf]
    assert normalised(np.zeros(2), "mean").tolist() == [0.0, 0.0]


def test_global_spread_compares_layers_by_normalised_scores() -> None:
    weights = [weight("a", (4,)), weight("b", (4,))]
    scores = {"a": np.array([1.0, 2.0, 3.0, 4.0]), "b": np.array([100.0, 500.0, 300.0, 100.0])}
    raw = select_weights(weights, scores, prune(spread="global", normalise="none"), 1)
    assert [raw["a"].tolist(), raw["b"].tolist()] == [[False] * 4, [True] * 4]
    # Over their means: 0.4 0.8 1.2 1.6 and 0.4 2 1.2 0.4.
    fair = select_weights(weights, scores, prune(spread="global"), 1)
    assert [fair["a"].tolist(), fair["b"].tolist()] == [[False, False, True, True], [False, True, True, False]]


@pytest.mark.parametrize("spread", ["uniform", "global", "erk"])
@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), min_size=1, max_size=4), st.floats(0, 0.99))
def test_exact_numbers_and_what_is_gone_stays_gone(spread: str, shapes: list[tuple[int, int]], sparsity: float) -> None:
    weights = [weight(str(place), shape) for place, shape in enumerate(shapes)]
    rng = np.random.default_rng(0)
    settings = prune(spread=spread, sparsity=sparsity, rounds=2)
    before = None
    for number, share in ((1, 1 - (1 - sparsity) ** 0.5), (2, sparsity)):
        scores = {one.path: rng.random(one.shape) for one in weights}
        masks = select_weights(weights, scores, settings, number, before)
        for one in weights:
            if spread == "uniform":
                assert masks[one.path].sum() == round(one.size * (1 - share))
            assert before is None or not (masks[one.path] & ~before[one.path]).any()
        if spread != "uniform":
            assert sum(mask.sum() for mask in masks.values()) == round(sum(one.size for one in weights) * (1 - share))
        before = masks


def test_inside_a_training_no_kernel_gets_a_weight_back() -> None:
    """By rounding alone the second kernel would have 3 weights and then 4."""
    weights = [weight("a", (1, 10)), weight("b", (1, 6))]
    counts = falling_counts(weights, prune(when="step", spread="erk"), [0.41538461538461535, 0.43846153846153846])
    assert counts == [{"a": 6, "b": 3}, {"a": 6, "b": 3}]


def test_chance_does_not_prefer_wide_layers() -> None:
    """Over the l2 norm of their layer, the scores of the wide one would all be smaller."""
    weights = [weight("narrow", (4,)), weight("wide", (64,))]
    scores = {"narrow": np.linspace(0, 0.9, 4), "wide": np.linspace(0, 1, 64)}
    found = select_weights(weights, scores, prune(criterion="random", spread="global", normalise="l2"), 1)
    assert [int(mask.sum()) for mask in found.values()] == [2, 32]
