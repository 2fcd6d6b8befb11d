"""Surgery on networks nobody wrote by hand: what mask promises, shrink delivers, and what is predicted is counted."""

from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.keras_graph import Call, trace
from nas_cli.errors import ConfigError
from nas_cli.models.load import load_model
from nas_cli.surgery.channels import Channels, find_channels
from nas_cli.surgery.cost import predicted
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.shrink import shrink
from tests.surgery.agreement import answers, assert_agree, random_keep
from tests.surgery.random_graphs import random_model
from tests.surgery.random_weights import images

SEEDS = range(200)
FEW = 24
"""So many of the seeds are part of `make test`, the others are slow."""

TRAINED = 8
"""Images of a training step. With 1 or 3, TensorFlow 2.18's oneDNN kernel for the gradient of a 1x1 convolution of
stride 2 with few channels corrupts memory, and the process aborts."""


def some(step: int = 1) -> list[Any]:
    """One seed in `step`; those from FEW on marked as slow."""
    return [pytest.param(seed, marks=() if seed < FEW else pytest.mark.slow) for seed in SEEDS[::step]]


@cache
def _network(seed: int) -> tuple[keras.Model, Channels, Keep]:
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    channels = find_channels(model)
    return model, channels, random_keep(channels, rng)


@cache
def _shrunk(seed: int) -> keras.Model:
    model, _, keep = _network(seed)
    return shrink(model, keep)


@pytest.mark.parametrize("seed", some())
def test_a_shrunk_network_answers_like_the_masked_one_and_costs_what_was_predicted(seed: int) -> None:
    model, channels, keep = _network(seed)
    assert_agree(model, channels, keep, _shrunk(seed))


@pytest.mark.parametrize("seed", some(10))
def test_a_shrunk_network_is_saved_loaded_and_trained(seed: int, tmp_path: Path) -> None:
    model, _, _ = _network(seed)
    shrunk, batch = _shrunk(seed), images(model, np.random.default_rng(seed), TRAINED)
    shrunk.save(tmp_path / "shrunk.keras")
    loaded = load_model(tmp_path / "shrunk.keras")
    np.testing.assert_array_equal(answers(loaded, batch), answers(shrunk, batch))
    loaded.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(True), run_eagerly=True)
    before = [np.asarray(weight) for weight in loaded.trainable_weights]
    assert np.isfinite(loaded.train_on_batch(batch, np.arange(len(batch)) % 2))
    after = [np.asarray(weight) for weight in loaded.trainable_weights]
    assert any(not np.array_equal(old, new) for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("seeds", [SEEDS[:FEW:6], pytest.param(SEEDS[::4], marks=pytest.mark.slow)])
def test_removable_branches_can_be_emptied(seeds: range) -> None:
    """Only part of the groups can lose every channel; the others are refused by the name of a layer."""
    emptied = refused = 0
    for seed in seeds:
        model, channels, keep = _network(seed)
        for group in channels.groups:
            if group.fixed is not None:
                continue
            emptying = {**keep, group.name: np.zeros(len(group.units), bool)}
            try:
                shrunk = shrink(model, emptying)
            except ConfigError as error:
                assert "layer '" in str(error), f"seed {seed}: {error}"
                refused += 1
                continue
            assert_agree(model, channels, emptying, shrunk)
            emptied += 1
            break
    assert min(emptied, refused) >= 0.3 * len(seeds)


@pytest.mark.parametrize("seeds", [SEEDS[:FEW], pytest.param(SEEDS, marks=pytest.mark.slow)])
def test_removing_channels_changes_the_answers(seeds: range) -> None:
    """Otherwise the agreement of masked and shrunk would say nothing."""
    changed = 0
    for seed in seeds:
        model, _, keep = _network(seed)
        batch = images(model, np.random.default_rng(0))
        different = np.abs(answers(_shrunk(seed), batch) - answers(model, batch)).max() > 1e-3
        removes = any(not kept.all() for kept in keep.values())
        assert removes or not different, f"seed {seed}"
        changed += different
    assert changed >= 0.9 * len(seeds)


def test_keeping_everything_changes_nothing() -> None:
    for seed in SEEDS[:FEW:6]:
        model, channels, _ = _network(seed)
        batch = images(model, np.random.default_rng(seed))
        same = shrink(model, {})
        np.testing.assert_allclose(answers(same, batch), answers(model, batch), atol=1e-5)
        assert model_cost(same).params == model_cost(model).params == predicted(channels, {}).params


@pytest.mark.slow
def test_every_kind_of_layer_is_drawn_more_than_once() -> None:
    drawn: dict[str, int] = {}
    for seed in SEEDS:
        for feature in _features(_network(seed)[0]):
            drawn[feature] = drawn.get(feature, 0) + 1
    assert {feature: drawn.get(feature, 0) for feature in FEATURES if drawn.get(feature, 0) < 2} == {}


def test_one_seed_gives_one_network() -> None:
    first, second = (random_model(np.random.default_rng(7)) for _ in range(2))
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    for left, right in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


FEATURES = (
    "Sequential", "nested Functional", "nested Sequential", "layer called twice", "nested model called twice",
    "Rescaling", "Normalization", "batch norm of the input", "Conv2D", "1x1", "strided", "dilated", "valid", "grouped",
    "activation inside", "without bias", "Conv2DTranspose", "SeparableConv2D", "SeparableConv2D multiplier 2",
    "DepthwiseConv2D", "DepthwiseConv2D multiplier 2", "Conv1D", "Dense", "Dense on a map", "BatchNormalization",
    "BatchNormalization without scale", "BatchNormalization without center", "LayerNormalization",
    "GroupNormalization", "RMSNormalization", "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Dropout",
    "SpatialDropout2D", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "keepdims",
    "GlobalAveragePooling1D", "GlobalMaxPooling1D", "Flatten", "Flatten of a map", "Flatten of one pixel", "Reshape",
    "ZeroPadding2D", "channel padding", "ZeroPadding1D", "Cropping2D", "UpSampling2D", "Add", "Concatenate",
    "Average", "Maximum", "Minimum", "Multiply", "Subtract", "broadcast over the map", "broadcast over the channels",
    "GetItem", "Relu6",
)  # fmt: skip


def _features(model: keras.Model) -> set[str]:
    calls, _ = trace(model)
    found = {"Sequential"} if isinstance(model, keras.Sequential) else set()
    found |= {f"nested {type(layer).__name__}" for layer in model.layers if isinstance(layer, keras.Model)}
    for call in calls:
        twice = [other for other in calls if other.operation is call.operation and other is not call]
        found |= {"nested model called twice" if "/" in call.path else "layer called twice"} if twice else set()
        found |= {type(call.operation).__name__, *_settings(call), *_shapes(call, calls)}
    return found


def _settings(call: Call) -> set[str]:
    layer: Any = call.operation
    kind = type(layer).__name__
    config = layer.get_config() if isinstance(layer, keras.layers.Layer) else {}
    conditions = {
        "1x1": kind == "Conv2D" and config["kernel_size"] == (1, 1),
        "strided": kind == "Conv2D" and config["strides"] != (1, 1),
        "dilated": kind == "Conv2D" and config["dilation_rate"] != (1, 1),
        "valid": kind == "Conv2D" and config["padding"] == "valid",
        "grouped": config.get("groups", 1) > 1 and kind == "Conv2D",
        "activation inside": kind in ("Conv2D", "Dense") and config["activation"] != "linear",
        "without bias": config.get("use_bias") is False,
        f"{kind} multiplier 2": config.get("depth_multiplier") == 2,
        f"{kind} without scale": config.get("scale") is False,
        f"{kind} without center": config.get("center") is False,
        "keepdims": config.get("keepdims") is True,
        "channel padding": call.path.endswith("shortcut_pad"),
    }
    return {name for name, holds in conditions.items() if holds}


def _shapes(call: Call, calls: list[Call]) -> set[str]:
    kind, shape = type(call.operation).__name__, call.input_shapes[0] if call.input_shapes else ()
    sizes, depths = {given[:-1] for given in call.input_shapes}, {given[-1] for given in call.input_shapes}
    conditions = {
        "batch norm of the input": kind == "BatchNormalization"
        and type(calls[call.inputs[0]].operation).__name__ in ("InputLayer", "Rescaling", "Normalization"),
        "Dense on a map": kind == "Dense" and len(shape) == 3,
        "Flatten of a map": kind == "Flatten" and shape[:2] > (1, 1),
        "Flatten of one pixel": kind == "Flatten" and shape[:2] == (1, 1),
        "broadcast over the map": kind == "Multiply" and len(sizes) > 1,
        "broadcast over the channels": kind == "Multiply" and len(depths) > 1,
    }
    return {name for name, holds in conditions.items() if holds}
