"""F and G by hand. C of a convolution is 2·H_out·W_out·k_h·k_w, of a dense layer 2."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.latency import Device
from nas_cli.errors import ConfigError
from nas_cli.models import zoo
from nas_cli.morph.penalty import MorphNetPenalty
from nas_cli.morph.relevance import Relevance
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.resource import resource
from tests.morph import nets

GAMMAS = {
    "a": (1.0, 0.5, 0.005, 0.02),  # 3 over 0.01, sum 1.525
    "b": (0.3, -0.7, 0.009, 1.1, -0.004),  # 3, sum 2.113
    "c": (0.25, 0.75, 0.002),  # 2, sum 1.002
    "d": (0.015, -0.6, 0.001, 0.9),
}


def measured(model: Any, target: str = "flops") -> tuple[float, float, dict[str, list[float]]]:
    """F of the living units, G, and the gradient of G by batch norm."""
    import tensorflow as tf

    nets.with_gammas(model, GAMMAS)
    channels = find_channels(model)
    cost = resource(target, channels)
    penalty = MorphNetPenalty(channels, cost, nets.settings())
    norms = {layer.name: layer.gamma.value for layer in model.layers if hasattr(layer, "gamma")}
    with tf.GradientTape() as tape:
        regularizer = penalty.loss() / penalty.strength
    gradients = tape.gradient(regularizer, norms)
    living = cost.cost(penalty.relevance.living())
    return living, float(regularizer), {name[-1]: np.array(value).tolist() for name, value in gradients.items()}


def test_chain() -> None:
    """conv_a 3→4 on 8×8, 3×3: C = 1152. conv_b 4→5 on 4×4, 3×3: C = 288. conv_c 5→3, 1×1: C = 32. logits: C = 2.

    F = 1152·3·3 + 288·3·3 + 32·3·2 + 2·2·2 = 13160.
    Weights: a 1152·3 + 288·3 = 4320; b 288·3 + 32·2 = 928; c 32·3 + 2·2 = 100.
    G = 4320·1.525 + 928·2.113 + 100·1.002 = 8649.064.
    """
    cost, regularizer, gradients = measured(nets.chain())
    assert cost == 13160
    assert regularizer == pytest.approx(8649.064, rel=1e-5)
    assert gradients["a"] == pytest.approx([4320] * 4)
    assert gradients["b"] == pytest.approx([928, -928, 928, 928, -928])
    assert gradients["c"] == pytest.approx([100] * 3)


def test_residual_add() -> None:
    """r of the tied channels: max(|a|, |d|) = (1, 0.6, 0.005, 0.9), 3 live.

    F = 1152·3·3 (conv_a) + 1152·3·3 (conv_d) + 288·3·2 (conv_c) + 2·2·2 = 22472.
    Weight of a tied channel: 1152·3 + 1152·(3 + 3) + 288·2 = 10944, on the larger of the two gammas.
    Weight of c: 288·3 + 2·2 = 868. G = 10944·2.505 + 868·1.002 = 28284.456.
    """
    cost, regularizer, gradients = measured(nets.residual())
    assert cost == 22472
    assert regularizer == pytest.approx(28284.456, rel=1e-5)
    assert gradients["a"] == pytest.approx([10944, 0, 10944, 0])
    assert gradients["d"] == pytest.approx([0, -10944, 0, 10944])
    assert gradients["c"] == pytest.approx([868] * 3)


def test_concat() -> None:
    """conv_a 3×3: C = 1152; conv_b 1×1: C = 128; conv_c reads 3 + 3 living channels of 4 + 5: C = 1152.

    F = 1152·3·3 + 128·3·3 + 1152·6·2 + 2·2·2 = 25352.
    Weights: a 1152·3 + 1152·2 = 5760; b 128·3 + 1152·2 = 2688; c 1152·6 + 2·2 = 6916.
    G = 5760·1.525 + 2688·2.113 + 6916·1.002 = 21393.576.
    """
    cost, regularizer, gradients = measured(nets.concat())
    assert cost == 25352
    assert regularizer == pytest.approx(21393.576, rel=1e-5)
    assert gradients["a"] == pytest.approx([5760] * 4)
    assert gradients["b"] == pytest.approx([2688, -2688, 2688, 2688, -2688])
    assert gradients["c"] == pytest.approx([6916] * 3)


def test_depthwise_block() -> None:
    """The 4 channels before and behind the depthwise layer are one: r as in the residual add, 3 live.

    F = 128·3·3 (conv_a) + 1152·3 (depthwise: C·A_out) + 128·3·2 (conv_c) + 2·2·2 = 5384.
    Weight: 128·3 + 1152·(1 + 1) + 128·2 = 2944; of c 128·3 + 2·2 = 388.
    G = 2944·2.505 + 388·1.002 = 7763.496.
    """
    cost, regularizer, gradients = measured(nets.depthwise())
    assert cost == 5384
    assert regularizer == pytest.approx(7763.496, rel=1e-5)
    assert gradients["a"] == pytest.approx([2944, 0, 2944, 0])
    assert gradients["d"] == pytest.approx([0, -2944, 0, 2944])


def test_flatten_to_dense() -> None:
    """conv_a 3→4 on 2×2, 3×3: C = 72. Each channel is 4 features of the dense layer, C = 2, with 2 outputs.

    F = 72·3·3 + 2·(3·4)·2 = 696. Weight: 72·3 + 4·2·2 = 232. G = 232·1.525 = 353.8.
    """
    cost, regularizer, gradients = measured(nets.flatten())
    assert cost == 696
    assert regularizer == pytest.approx(353.8, rel=1e-5)
    assert gradients["a"] == pytest.approx([232] * 4)


def test_params() -> None:
    """The chain with C = 9, 9, 1, 1: F = 9·3·3 + 9·3·3 + 3·2 + 2·2 = 172; weights 54, 29, 5."""
    cost, _, gradients = measured(nets.chain(), "params")
    assert cost == 172
    assert gradients["a"] == pytest.approx([54] * 4)
    assert gradients["c"] == pytest.approx([5] * 3)


def test_activation_memory() -> None:
    """4 bytes · H·W·A_out of each layer: 4·(64·3 + 16·3 + 16·2 + 2) = 1096; weights 256, 64, 64."""
    cost, regularizer, gradients = measured(nets.chain(), "activation_memory")
    assert cost == 1096
    assert regularizer == pytest.approx(256 * 1.525 + 64 * 2.113 + 64 * 1.002, rel=1e-5)
    assert gradients["a"] == pytest.approx([256] * 4)


def test_latency_follows_what_binds() -> None:
    """A convolution 3→4 on 8×8, 3×3, and a dense layer 4→2, at 5 MFLOP/s and 1 MB/s.

    All 4 live: 13824 FLOPs take 2.7648 ms, 768 + 1024 + 432 bytes 2.224 ms: arithmetic binds, weight 0.6912 ms.
    One lives: 3456 FLOPs take 0.6912 ms, 768 + 256 + 108 bytes 1.132 ms: traffic binds, weight 0.256 + 0.108 ms.
    The dense layer is bound by traffic: (4·A + 8 + 8·A)/1000 ms, weight 0.012 ms.
    """
    inputs = nets.image()
    model = nets.classifier(inputs, nets.normed(inputs, 4, 3, "a"))
    channels = find_channels(model)
    cost = resource("latency", channels, Device("slow", 5e6, 1e6))
    everything = np.ones(channels.units, bool)
    units = channels.group("conv_a").units
    one = everything.copy()
    one[units[1:]] = False
    assert cost.cost(everything) == pytest.approx(2.7648 + 0.056)
    assert cost.cost(one) == pytest.approx(1.132 + 0.020)
    np.testing.assert_allclose(cost.weights(everything)[units], 0.6912 + 0.012)
    np.testing.assert_allclose(cost.weights(one)[units], 0.364 + 0.012)
    np.testing.assert_allclose(cost.weights_tensor(one), cost.weights(one), rtol=1e-5)
    with pytest.raises(ConfigError, match="needs a device"):
        resource("latency", channels)


def test_grouped_convolution() -> None:
    """8→8 in 2 groups on 8×8, 3×3: C = 1152, each group 4·4; the total is the half of an ungrouped one."""
    inputs = nets.image()
    x = nets.normed(inputs, 8, 1, "a")
    x = nets.normed(x, 8, 3, "b", groups=2)
    model = nets.classifier(inputs, x)
    channels = find_channels(model)
    cost = resource("flops", channels)
    assert cost.cost(np.ones(channels.units, bool)) == model_cost(model).flops
    assert model_cost(model).flops == 128 * 3 * 8 + 1152 * 8 * 8 // 2 + 2 * 8 * 2


def test_a_shared_layer_has_its_weights_once_and_its_work_twice() -> None:
    """conv_s 4→4, 3×3 on 8×8, called twice: 2·1152·16 FLOPs, 144 weights."""
    inputs = nets.image()
    shared = keras.layers.Conv2D(4, 3, padding="same", name="conv_s")
    model = nets.classifier(inputs, shared(shared(nets.normed(inputs, 4, 1, "a"))))
    channels = find_channels(model)
    everything = np.ones(channels.units, bool)
    assert resource("flops", channels).cost(everything) == 128 * 3 * 4 + 2 * 1152 * 16 + 2 * 4 * 2
    assert resource("params", channels).cost(everything) == 3 * 4 + 144 + 4 * 2


@pytest.mark.parametrize(
    "name",
    [
        "resnet20",
        "mobilenet_v2",
        pytest.param("densenet121", marks=pytest.mark.slow),
        pytest.param("xception", marks=pytest.mark.slow),
    ],
)
def test_the_flops_of_all_units_are_those_of_the_cost_model(name: str) -> None:
    model = zoo.build(name, (80, 80, 3), 10)
    channels = find_channels(model)
    cost = resource("flops", channels)
    everything = np.ones(channels.units, bool)
    assert cost.cost(everything) == model_cost(model).flops
    np.testing.assert_allclose(cost.weights_tensor(everything), cost.weights(everything), rtol=1e-5)


def test_the_weight_of_a_unit_is_what_its_removal_saves_in_a_chain() -> None:
    channels = find_channels(nets.chain())
    cost = resource("flops", channels)
    everything = np.ones(channels.units, bool)
    for unit in channels.group("conv_b").units:
        without = everything.copy()
        without[unit] = False
        saved = cost.cost(everything) - cost.cost(without)
        assert cost.weights(everything)[unit] == pytest.approx(saved)


def test_a_target_that_is_not_known_and_a_model_without_layers_are_refused() -> None:
    channels = find_channels(nets.chain())
    with pytest.raises(ConfigError, match="unknown target 'energy'"):
        resource("energy", channels)
    assert Relevance(channels, nets.settings()).living().all()
