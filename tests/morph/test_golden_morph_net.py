"""Costs, regularizer, its gradients and living channels against Google's morph-net on the same networks.

Conventions that differ, and how they are bridged here:
* A FLOP total is 2·MACs in both, over convolutions, depthwise convolutions and matrix products; the image's channels
  all live and have r = 0 in both, and so has an output layer (in morph-net under group lasso only if it is excluded).
* A depthwise convolution costs C·A_out in both, and pulls at both its ends: C·(Σ r_in + Σ r_out).
* The released group norm is √mean(w²): `norm: rms`. Ours is ‖w‖ by default.
* morph-net stops at a reshape: behind a flatten all features live and have r = 0. We follow the channels.
* Its activation target counts channels, not their places: there is nothing to compare with our bytes.
* Its memory traffic has a depthwise kernel as A_in·A_out slices, of which there are A_out.
* Its latency is in nanoseconds, ours in milliseconds; both take batch norm and the rest as layers of their own, which
  the recorded totals leave out.
"""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs.latency import Device
from nas_cli.morph.penalty import MorphNetPenalty
from nas_cli.morph.relevance import Relevance
from nas_cli.surgery.channels import Channels, find_channels
from nas_cli.surgery.resource import Resource, resource
from tests.morph import nets

GOLDEN = json.loads((Path(__file__).parent / "golden_morph_net.json").read_text())
P100 = Device("p100", 9.3e12, 732e9)
TARGETS = {"flops": ("flops", 1.0), "params": ("params", 1.0), "latency_p100": ("latency", 1e6)}
DEPTHWISE_KERNEL_NS = 3 * 3 * 4 / 732
"""Nanoseconds of one slice of the depthwise kernel."""

NAMES = ("chain", "residual", "concat", "depthwise")


def prepared(name: str, target: str) -> tuple[Any, Channels, Resource, float]:
    model = nets.with_gammas(getattr(nets, name)(), GOLDEN["gammas"])
    channels = find_channels(model)
    ours, unit = TARGETS[target]
    return model, channels, resource(ours, channels, P100), unit


@pytest.mark.parametrize(
    ("name", "target"),
    [(name, target) for name in NAMES for target in TARGETS if (name, target) != ("depthwise", "latency_p100")],
)
def test_cost_regularizer_and_gradients_equal_those_of_morph_net(name: str, target: str) -> None:
    import tensorflow as tf

    model, channels, cost, unit = prepared(name, target)
    golden = GOLDEN["networks"][name][target]
    relevance = Relevance(channels, nets.settings())
    assert unit * cost.cost(relevance.living()) == pytest.approx(golden["cost"], rel=1e-6)
    penalty = MorphNetPenalty(channels, cost, nets.settings(), relevance)
    gammas = [model.get_layer(layer).gamma for layer in golden["gradients"]]
    with tf.GradientTape() as tape:
        value = penalty.loss() * (unit / penalty.strength)
    assert float(value) == pytest.approx(golden["regularizer"], rel=1e-5)
    for gradient, expected in zip(
        tape.gradient(value, [gamma.value for gamma in gammas]), golden["gradients"].values(), strict=True
    ):
        np.testing.assert_allclose(gradient, expected, rtol=1e-5)


def test_latency_of_a_depthwise_convolution_but_for_its_kernel() -> None:
    """3 of 4 channels live: morph-net has 9 slices of the kernel, we 3; in the regularizer it has
    2·3·Σ r slices, we 2·Σ r, with Σ r = 1 + 0.6 + 0.005 + 0.9 = 2.505.
    """
    _, channels, cost, unit = prepared("depthwise", "latency_p100")
    golden = GOLDEN["networks"]["depthwise"]["latency_p100"]
    relevance = Relevance(channels, nets.settings())
    alive = relevance.living()
    assert unit * cost.cost(alive) == pytest.approx(golden["cost"] - 6 * DEPTHWISE_KERNEL_NS, rel=1e-6)
    total = unit * float(cost.weights(alive) @ relevance.scores())
    assert total == pytest.approx(golden["regularizer"] - 4 * 2.505 * DEPTHWISE_KERNEL_NS, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_living_channels_equal_those_of_morph_net(name: str) -> None:
    _, channels, _, _ = prepared(name, "flops")
    alive = Relevance(channels, nets.settings()).living()
    by_path = {layer.path: layer for layer in channels.layers}
    for operation, count in GOLDEN["networks"][name]["flops"]["alive"].items():
        if count is not None:
            assert alive[by_path[operation.partition("/")[0]].outputs].sum() == count, operation


def test_group_lasso_equals_that_of_morph_net() -> None:
    """The kernels' values follow from their order alone, see the origin in the golden file."""
    model = nets.plain()
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    for number, kernel in enumerate(kernels, start=1):
        flat = 0.25 * np.cos(number + np.arange(int(np.prod(kernel.shape))))
        kernel.assign(flat.reshape(kernel.shape).astype(np.float32))
    channels = find_channels(model)
    cost = resource("flops", channels)
    chosen = nets.settings(regularizer="group_lasso", norm="rms", norm_threshold=0.175)
    relevance = Relevance(channels, chosen)
    r = relevance.scores()
    alive = (r > 0.175) | relevance.immortal  # morph-net's plain threshold, without our care for the start
    golden = GOLDEN["networks"]["plain"]["flops"]
    assert cost.cost(alive) == golden["cost"]
    assert float(cost.weights(alive) @ r) == pytest.approx(golden["regularizer"], rel=1e-5)
    counts = {layer.path: int(alive[layer.outputs].sum()) for layer in channels.layers}
    for operation, count in golden["alive"].items():
        assert count in (None, counts[operation.partition("/")[0]])


def test_flatten_is_followed_where_morph_net_stops() -> None:
    """norm_a = (1, 0.5, 0.005, 0.02): 3 of 4 channels live, so 12 of 16 features.

    morph-net counts 2·16·2 = 64 FLOPs for the dense layer, we 2·12·2 = 48; its regularizer lacks our
    2·2·4·Σ r = 16·1.525 = 24.4 for the dense layer's inputs.
    """
    _, channels, cost, _ = prepared("flatten", "flops")
    golden = GOLDEN["networks"]["flatten"]["flops"]
    relevance = Relevance(channels, nets.settings())
    alive = relevance.living()
    assert cost.cost(alive) == golden["cost"] - 16
    total = float(cost.weights(alive) @ relevance.scores())
    assert total == pytest.approx(golden["regularizer"] + 24.4, rel=1e-5)


def test_the_networks_are_those_of_the_golden_file() -> None:
    assert keras.ops.convert_to_numpy(
        nets.with_gammas(nets.chain(), GOLDEN["gammas"]).get_layer("norm_c").gamma
    ).tolist() == pytest.approx([0.25, 0.75, 0.002])
    assert "d9286a154602d9ee2019e986d161cb5b30c8fa2f" in GOLDEN["about"]["origin"]
