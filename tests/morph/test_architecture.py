"""The architecture of a compressed network, by hand."""

from typing import Any

import numpy as np
import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.errors import ConfigError
from nas_cli.models.builder import build
from nas_cli.morph.architecture import compressed
from nas_cli.morph.compress import widths
from nas_cli.morph.compression import Compression
from nas_cli.spaces.architecture import Architecture, node
from nas_cli.surgery.channels import Channels, find_channels
from nas_cli.surgery.shrink import shrink
from tests.spaces.configured import registered, space


def compression(channels: Channels, keep: dict[str, Any]) -> Compression:
    """With these masks, and nothing else that matters here."""
    kept = np.ones(channels.units, bool)
    for group in channels.groups:
        kept[group.units] = keep.get(group.name, True)
    sizes = {group.name: int(kept[group.units].sum()) for group in channels.groups}
    return Compression(
        keep=keep,
        alive=sizes,
        sizes=sizes,
        widths=widths(channels, kept, sizes),
        dead=(),
        cost_before=1.0,
        cost_after=1.0,
        flops_before=1,
        flops_after=1,
        params_before=1,
        params_after=1,
        strength=1.0,
        multiplier=1.0,
        threshold=0.1,
        omega=None,
        curve=(),
        seconds=0.0,
        compile_seconds=0.0,
        warnings=(),
    )


def forked(mode: str) -> Architecture:
    """A convolution of 4 channels and one of 6 on pooled maps, merged; 8 hidden units."""
    return Architecture(
        (
            node("input", shape=(8, 8, 3)),
            node("conv2d", (0,), filters=4, kernel=3, activation="relu"),
            node("max_pool", (0,), size=2),
            node("conv2d", (2,), filters=6, kernel=1, activation="relu"),
            node("merge", (1, 3), mode=mode),
            node("flatten", (4,)),
            node("dense", (5,), units=8, activation="relu"),
            node("dense", (6,), units=3),
        )
    )


def test_layers_get_the_widths_of_the_surviving_channels() -> None:
    """Of the sum's six channels the first four are tied: conv2d_1 keeps two of them, conv2d_3 these and one more."""
    architecture = forked("sum")
    channels = find_channels(build(architecture))
    tied, alone = (group for group in channels.groups if group.fixed is None and "conv" in group.name)
    assert set(tied.producers) == {"conv2d_1", "conv2d_3"}
    keep = {tied.name: np.array([1, 0, 1, 0], bool), alone.name: np.array([0, 1], bool)}
    smaller = compressed(architecture, compression(channels, keep))
    assert [smaller.nodes[at]["filters"] for at in (1, 3)] == [2, 3]
    assert [smaller.nodes[at]["units"] for at in (6, 7)] == [8, 3]


def test_a_lost_branch_goes_and_its_merge_keeps_the_small_maps() -> None:
    """Without the branch on 4×4 maps the other one would stay at 8×8: it is pooled instead."""
    architecture = forked("concat")
    channels = find_channels(build(architecture))
    keep = {"conv2d_3": np.zeros(6, bool)}
    smaller = compressed(architecture, compression(channels, keep))
    assert [n.op for n in smaller.nodes] == ["input", "conv2d", "max_pool", "max_pool", "flatten", "dense", "dense"]
    assert architecture_cost(smaller).macs == 64 * 27 * 4 + 16 * 4 * 8 + 8 * 3


def test_a_network_without_a_way_through_is_refused() -> None:
    architecture = forked("concat")
    channels = find_channels(build(architecture))
    keep = {"conv2d_1": np.zeros(4, bool), "conv2d_3": np.zeros(6, bool)}
    with pytest.raises(ConfigError, match=r"morph\.min_channels=1"):
        compressed(architecture, compression(channels, keep))


@pytest.mark.parametrize("name", ["thesis_small", "thesis_large"])
@pytest.mark.parametrize("merge", ["concat", "sum"])
def test_it_costs_what_the_shrunk_model_costs(name: str, merge: str) -> None:
    found, rng = space(name, (16, 16, 3), merge=merge), np.random.default_rng(3)
    for _ in range(3):
        check(found.architecture(found.sample(rng)), rng)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("chain", {"operations": ("conv", "separable", "mbconv"), "filters": (6, 8), "units": (9, 12)}),
        ("cell", {"layers": 3, "channels": 4}),
        ("nasbench201", {"cells": 1, "channels": 4}),
    ],
)
def test_it_costs_what_the_shrunk_model_of_a_space_of_decisions_costs(name: str, changes: dict[str, Any]) -> None:
    found, rng = registered(name, (13, 12, 3), **changes), np.random.default_rng(4)
    for _ in range(2):
        check(found.architecture(found.sample(rng)), rng)


def check(architecture: Architecture, rng: np.random.Generator) -> None:
    """That about half of all channels can go, one of each group staying."""
    model = build(architecture)
    channels = find_channels(model)
    keep = {}
    for group in channels.groups:
        if group.fixed is None:
            keep[group.name] = rng.random(len(group.units)) < 0.5
            keep[group.name][rng.integers(len(group.units))] = True
    smaller = compressed(architecture, compression(channels, keep))
    assert architecture_cost(smaller).macs == model_cost(shrink(model, keep)).macs
    assert architecture_cost(smaller).params == model_cost(shrink(model, keep)).params
