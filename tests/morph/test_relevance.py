"""Which weights decide about a unit, and whether it lives."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.morph.relevance import Relevance
from nas_cli.surgery.channels import Channels, find_channels
from tests.morph import nets

layers = keras.layers


def r_of(channels: Channels, group: str, **changes: Any) -> list[float]:
    """The relevance of a group's units."""
    units = channels.group(group).units
    return [float(value) for value in Relevance(channels, nets.settings(**changes)).scores()[units]]


def members(channels: Channels, **changes: Any) -> list[tuple[str, str]]:
    return [(one.path, one.kind) for one in Relevance(channels, nets.settings(**changes)).weights]


def test_the_norms_of_a_kernel_per_output_channel() -> None:
    """A slice of 2·2·3 = 12 weights of 0.5: ‖w‖ = √12·0.5, ‖w‖/√12 = 0.5, √12·‖w‖ = 6."""
    inputs = nets.image()
    model = nets.classifier(inputs, layers.Conv2D(2, 2, name="conv_a")(inputs))
    kernel = np.full((2, 2, 3, 2), 0.5, np.float32)
    kernel[..., 1] = 0
    model.get_layer("conv_a").kernel.assign(kernel)
    channels = find_channels(model)
    assert r_of(channels, "conv_a", norm="l2") == pytest.approx([12**0.5 / 2, 0])
    assert r_of(channels, "conv_a", norm="rms") == pytest.approx([0.5, 0])
    assert r_of(channels, "conv_a", norm="scaled") == pytest.approx([6, 0])


def test_kernels_whose_output_channels_lie_elsewhere() -> None:
    """A transposed convolution has them last but one; a separable one in its pointwise kernel."""
    inputs = nets.image()
    x = layers.Conv2DTranspose(2, 3, padding="same", name="up")(inputs)
    model = nets.classifier(inputs, layers.SeparableConv2D(3, 3, padding="same", name="separable")(x))
    kernel = np.zeros((3, 3, 2, 3), np.float32)
    kernel[:, :, 0] = 1
    model.get_layer("up").kernel.assign(kernel)
    pointwise = np.zeros((1, 1, 2, 3), np.float32)
    pointwise[..., 2] = 2
    model.get_layer("separable").pointwise_kernel.assign(pointwise)
    channels = find_channels(model)
    assert r_of(channels, "up") == pytest.approx([27**0.5, 0])
    assert r_of(channels, "separable") == pytest.approx([0, 0, 8**0.5])


def test_a_regularizer_chooses_gammas_or_kernels() -> None:
    inputs = nets.image()
    x = layers.Dense(6, activation="relu", name="hidden")(layers.Flatten()(nets.normed(inputs, 4, 3, "a")))
    channels = find_channels(keras.Model(inputs, layers.Dense(2, name="logits")(x)))
    assert members(channels, regularizer="auto") == [("norm_a", "gamma"), ("hidden", "norm")]
    assert members(channels, regularizer="gamma") == [("norm_a", "gamma")]
    assert members(channels, regularizer="group_lasso") == [("conv_a", "norm"), ("hidden", "norm")]


def test_in_a_preactivation_network_the_batch_norms_that_read_the_sum_decide() -> None:
    """The norms of the kernels that make the sum would say nothing: each batch norm undoes their scale."""
    inputs = nets.image()
    x = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    for block in "ab":
        y = layers.ReLU()(layers.BatchNormalization(name=f"norm_{block}")(x))
        y = layers.Conv2D(4, 3, padding="same", name=f"conv_{block}")(y)
        x = layers.Add()([x, y])
    x = layers.ReLU()(layers.BatchNormalization(name="norm_last")(x))
    model = nets.with_gammas(nets.classifier(inputs, x), {"a": (0.5, 0, 0, 0), "b": (0.2, 0, 0.3, 0)})
    model.get_layer("norm_last").gamma.assign([0.1, 0, 0, 0.7])
    channels = find_channels(model)
    assert r_of(channels, "stem") == pytest.approx([0.5, 0, 0.3, 0.7])
    assert {path for path, _ in members(channels)} == {"norm_a", "norm_b", "norm_last"}


def test_a_sum_of_channels_with_and_without_batch_norm() -> None:
    """The branch without one counts by its kernel (27 weights of 0.1: 0.52), and keeps the channel from dying."""
    inputs = nets.image()
    x = nets.normed(inputs, 2, 3, "a")
    y = layers.Conv2D(2, 3, padding="same", name="conv_b")(inputs)
    model = nets.with_gammas(nets.classifier(inputs, layers.Add()([x, y])), {"a": (0.9, 0.001)})
    kernel = np.full((3, 3, 3, 2), 0.1, np.float32)
    model.get_layer("conv_b").kernel.assign(kernel)
    channels = find_channels(model)
    units = channels.group("conv_a").units
    assert r_of(channels, "conv_a") == pytest.approx([0.9, 27**0.5 / 10])
    assert Relevance(channels, nets.settings()).living()[units].all()
    assert Relevance(channels, nets.settings()).undone(channels) == []
    assert members(channels, regularizer="gamma") == []
    assert Relevance(channels, nets.settings(regularizer="gamma")).immortal[units].all()


def test_a_gate_is_no_member_of_the_channels_that_it_scales() -> None:
    inputs = nets.image()
    x = nets.normed(inputs, 4, 3, "a")
    gate = layers.Dense(4, activation="sigmoid", name="gate")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 4))(gate)])
    channels = find_channels(nets.classifier(inputs, nets.normed(x, 3, 1, "c")))
    assert members(channels) == [("norm_a", "gamma"), ("norm_c", "gamma")]


def test_a_batch_norm_without_scale_leaves_only_the_kernel_and_is_named() -> None:
    inputs = nets.image()
    x = layers.Conv2D(4, 3, use_bias=False, name="conv_a")(inputs)
    x = layers.ReLU()(layers.BatchNormalization(scale=False)(x))
    channels = find_channels(nets.classifier(inputs, x))
    relevance = Relevance(channels, nets.settings())
    assert [one.path for one in relevance.weights] == ["conv_a"]
    assert relevance.undone(channels) == ["conv_a"]


def test_relative_relevance_is_in_shares_of_the_group_at_the_start() -> None:
    model = nets.with_gammas(nets.chain(), {"a": (0.1, 0.3, 0.2, 0.2)})
    channels = find_channels(model)
    relevance = Relevance(channels, nets.settings())
    nets.with_gammas(model, {"a": (0.1, 0.2, 0.02, 0), "b": (0.5,) * 5})
    relative = relevance.relative(channels)
    assert relative[channels.group("conv_a").units].tolist() == pytest.approx([0.5, 1, 0.1, 0])
    assert relative[channels.group("conv_b").units].tolist() == pytest.approx([0.5] * 5)


def test_output_channels_have_no_relevance_and_always_live() -> None:
    channels = find_channels(nets.chain())
    fixed = np.concatenate([group.units for group in channels.groups if group.fixed is not None])
    assert (Relevance(channels, nets.settings()).scores()[fixed] == 0).all()
    assert Relevance(channels, nets.settings()).living()[fixed].all()


def test_a_unit_dies_when_its_kernel_falls_below_the_threshold_or_half_of_its_start() -> None:
    inputs = nets.image()
    model = nets.classifier(inputs, layers.Conv2D(2, 1, name="conv_a")(inputs))
    kernel = model.get_layer("conv_a").kernel
    kernel.assign([[[[1.0, 0.08], [0, 0], [0, 0]]]])
    channels = find_channels(model)
    relevance = Relevance(channels, nets.settings(norm_threshold=0.1))
    units = channels.group("conv_a").units
    assert relevance.living()[units].tolist() == [True, True]
    kernel.assign([[[[0.101, 0.041], [0, 0], [0, 0]]]])
    assert relevance.living()[units].tolist() == [True, True]
    kernel.assign([[[[0.099, 0.039], [0, 0], [0, 0]]]])
    assert relevance.living()[units].tolist() == [False, False]
