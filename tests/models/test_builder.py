from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.models.builder import build
from nas_cli.models.load import load_model
from nas_cli.models.zoo import architecture as zoo_architecture
from nas_cli.spaces.architecture import Architecture, Node, node
from tests.models.architectures import architectures


def _of(*nodes: Node) -> Architecture:
    return Architecture(nodes)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(architectures())
def test_the_cost_of_an_architecture_is_the_cost_of_its_model(architecture: Architecture) -> None:
    expected = architecture_cost(architecture)
    model = build(architecture)
    found = model_cost(model)
    for field in (
        "params trainable_params macs flops other_flops weight_bytes activation_bytes training_activation_bytes".split()
    ):
        assert getattr(found, field) == getattr(expected, field), field
    assert found.params == model.count_params()
    known = shapes(architecture)
    for layer in model.layers:
        if "_input_" not in layer.name:
            assert tuple(layer.output.shape)[1:] == known[int(layer.name.rpartition("_")[2])], layer.name


def test_merging_pools_crops_and_pads_as_stated() -> None:
    model = build(
        _of(
            node("input", shape=(5, 4, 1)),
            node("subsample", (0,), size=2),  # 3 x 2: rows 0, 2, 4 and columns 0, 2
            node("merge", (1, 0), mode="concat"),
            node("flatten", (2,)),
            node("dense", (3,), units=1),
        )
    )
    image = np.arange(20, dtype=np.float32).reshape(1, 5, 4, 1)
    joined = keras.Model(model.inputs, model.get_layer("merge_2").output).predict_on_batch(image)
    assert joined[0, :, :, 0].tolist() == [[0, 2], [8, 10], [16, 18]]
    assert joined[0, :, :, 1].tolist() == [[1, 3], [5, 7], [9, 11]]  # pooled 1 x 2, then cropped to three rows


def _answer(*nodes: Node) -> list[list[float]]:
    """What the last of some layers makes of the map 1 … 9, 3 × 3."""
    last = len(nodes)
    outputs = (node("flatten", (last,)), node("dense", (last + 1,), units=1))
    model = build(_of(node("input", shape=(3, 3, 1)), *nodes, *outputs))
    layer = model.get_layer(f"{nodes[-1].op}_{last}")
    image = np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    answer: list[list[float]] = keras.Model(model.inputs, layer.output).predict_on_batch(image)[0, :, :, 0].tolist()
    return answer


def test_a_shift_moves_up_and_left_and_zeros_are_zeros() -> None:
    assert _answer(node("shift", (0,))) == [[5, 6, 0], [8, 9, 0], [0, 0, 0]]
    assert _answer(node("zeros", (0,))) == [[0, 0, 0]] * 3


def test_averages_do_not_count_the_padding() -> None:
    averages = _answer(node("average_pool", (0,), size=3, stride=1))
    assert averages[0] == [(1 + 2 + 4 + 5) / 4, (1 + 2 + 3 + 4 + 5 + 6) / 6, (2 + 3 + 5 + 6) / 4]


def test_a_dilated_convolution_reads_every_second_place() -> None:
    ones = {"kernel": 3, "use_bias": False, "initializer": "ones"}
    dilated = _answer(node("depthwise_conv2d", (0,), dilation=2, **ones))
    assert dilated == [[1 + 3 + 7 + 9, 2 + 8, 20], [4 + 6, 5, 10], [20, 10, 20]]
    thinned = _answer(node("subsample", (0,), size=2), node("depthwise_conv2d", (1,), **ones))
    assert thinned == [row[::2] for row in dilated[::2]]


@pytest.mark.parametrize("wide", [False, True], ids=["vectors", "maps"])
def test_a_sum_puts_zeros_behind_the_last_channel(wide: bool) -> None:
    op, extra = ("conv2d", {"kernel": 1}) if wide else ("dense", {})
    key = "filters" if wide else "units"
    nodes = [
        node("input", shape=(2, 3, 2) if wide else (2,)),
        node(op, (0,), **{key: 3}, **extra, initializer="ones", use_bias=False),
        node("merge", (0, 1), mode="sum"),
        node("flatten", (2,)),
        node("dense", (3,), units=1),
    ]
    model = build(_of(*nodes))
    raw = np.random.default_rng(0).random((4, *nodes[0]["shape"]), dtype=np.float32)
    joined = keras.Model(model.inputs, model.get_layer("merge_2").output).predict_on_batch(raw)
    total = raw.sum(axis=-1, keepdims=True)
    padded = np.concatenate([raw, np.zeros_like(total)], axis=-1)
    np.testing.assert_allclose(joined, padded + total, rtol=1e-6)


def test_a_model_takes_raw_values_and_standardises_each_channel() -> None:
    model = build(_of(node("input", shape=(2,)), node("dense", (0,), units=1)), [0.5, 0.1], [-1.0, 2.0])
    model.get_layer("dense_1").set_weights([np.array([[1.0], [10.0]]), np.array([0.0])])
    assert model.predict_on_batch(np.array([[4.0, 30.0]], np.float32)).item() == pytest.approx(1 + 50)


def test_a_saved_model_loads_in_safe_mode_and_answers_the_same(tmp_path: Path) -> None:
    model = build(zoo_architecture("resnet20", (8, 8, 3), 4, shortcut="pad"), [0.01] * 3, [-1.0] * 3)  # type: ignore[arg-type]
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict_on_batch(images), model.predict_on_batch(images))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_computes_low_and_answers_in_float32(policy: str) -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = build(zoo_architecture("paper3_cnn", (8, 8, 3), 4), [0.01] * 3, [-1.0] * 3)  # type: ignore[arg-type]
    finally:
        keras.config.set_dtype_policy(before)
    assert model.get_layer("standardise").output.dtype == "float32"
    assert model.get_layer("conv2d_1").output.dtype == policy.removeprefix("mixed_")
    assert model.outputs[0].dtype == "float32"
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.float32)
    assert np.isfinite(model.train_on_batch(images, np.arange(4)))


def test_the_seed_decides_the_weights() -> None:
    nodes = _of(node("input", shape=(3,)), node("dense", (0,), units=2))
    weights = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        weights.append(build(nodes).get_weights()[0].tolist())
    assert weights[0] == weights[1] != weights[2]


def test_the_last_layer_must_be_linear() -> None:
    with pytest.raises(ConfigError, match="must be a linear dense layer, got flatten"):
        build(_of(node("input", shape=(4, 4, 1)), node("flatten", (0,))))
    with pytest.raises(ConfigError, match="must be a linear dense layer, got dense"):
        build(_of(node("input", shape=(4,)), node("dense", (0,), units=2, activation="relu")))


def test_scales_must_match_the_channels() -> None:
    with pytest.raises(ConfigError, match="must have 4 values, one per channel, got 1 and 4"):
        build(_of(node("input", shape=(4,)), node("dense", (0,), units=2)), [1.0])
