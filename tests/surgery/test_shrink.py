"""What a user gets back: the surviving weights, settings and names, ready to train, save and load."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs.keras_cost import model_cost
from nas_cli.models.load import load_model
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.cost import predicted
from nas_cli.surgery.mask import mask
from nas_cli.surgery.shrink import shrink
from tests.surgery.agreement import assert_agree, random_keep
from tests.surgery.random_weights import randomise

layers = keras.layers


def _model() -> keras.Model:
    image = keras.Input((4, 4, 1), name="image")
    tensor = layers.Conv2D(3, 3, name="a", kernel_regularizer=keras.regularizers.L2(0.1), trainable=False)(image)
    tensor = layers.BatchNormalization(name="bn", momentum=0.5, dtype="float32")(tensor)
    features = layers.Flatten(name="flat")(layers.ReLU(name="relu")(tensor))
    model = keras.Model(image, layers.Dense(2, name="logits")(features), name="tiny")
    randomise(model, np.random.default_rng(0))
    return model


KEEP = {"a": np.array([True, False, True])}


def test_the_surviving_weights_are_the_models_own() -> None:
    model = _model()
    shrunk = shrink(model, KEEP)
    kernel, bias = model.get_layer("a").get_weights()
    np.testing.assert_array_equal(shrunk.get_layer("a").get_weights()[0], kernel[..., [0, 2]])
    np.testing.assert_array_equal(shrunk.get_layer("a").get_weights()[1], bias[[0, 2]])
    rows = [0, 2, 3, 5, 6, 8, 9, 11]
    np.testing.assert_array_equal(
        shrunk.get_layer("logits").get_weights()[0], model.get_layer("logits").get_weights()[0][rows]
    )


def test_names_settings_and_flags_stay() -> None:
    model = _model()
    shrunk = shrink(model, KEEP)
    assert shrunk.name == "tiny"
    assert [layer.name for layer in shrunk.layers] == [layer.name for layer in model.layers]
    assert not shrunk.get_layer("a").trainable and shrunk.get_layer("a").kernel_regularizer.l2 == pytest.approx(0.1)
    assert shrunk.get_layer("bn").momentum == 0.5
    assert (shrunk.input_shape, shrunk.output_shape) == (model.input_shape, model.output_shape)


def test_the_model_itself_is_left_alone() -> None:
    model = _model()
    before, nodes = model.get_weights(), len(model.get_layer("a")._inbound_nodes)
    shrunk, masked = shrink(model, KEEP), mask(model, KEEP)
    for made in (shrunk, masked):
        for layer in made.layers:
            for weight in layer.weights:
                weight.assign(keras.ops.zeros_like(weight))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert len(model.get_layer("a")._inbound_nodes) == nodes


def test_the_cost_by_hand() -> None:
    """Two of three filters: 2·2·9·1·2 MACs in the convolution, 8 features into 2 logits."""
    model = _model()
    said = predicted(find_channels(model), KEEP)
    assert [(layer.path, layer.macs, layer.params) for layer in said.layers if layer.params] == [
        ("a", 72, 20),
        ("bn", 0, 8),
        ("logits", 16, 18),
    ]
    assert (said.macs, said.flops, said.params) == (88, 176, 46)
    assert model_cost(shrink(model, KEEP)).macs == 88


def test_the_mask_zeroes_what_it_must_and_nothing_else() -> None:
    model = _model()
    masked = mask(model, KEEP)
    assert [layer.name for layer in masked.layers] == [layer.name for layer in model.layers]
    logits = masked.get_layer("logits").get_weights()[0]
    gone = [1, 4, 7, 10]
    assert (logits[gone] == 0).all() and (np.delete(logits, gone, axis=0) != 0).all()
    gamma, beta, _, variance = masked.get_layer("bn").get_weights()
    assert (gamma[1], beta[1]) == (0, 0) and variance[1] > 0


def test_a_shrunk_model_can_be_shrunk_again_saved_and_trained(tmp_path: Path) -> None:
    once = shrink(_model(), KEEP)
    twice = shrink(once, {"a": np.array([False, True])})
    once.save(tmp_path / "once.keras")
    reloaded = shrink(load_model(tmp_path / "once.keras"), {"a": np.array([False, True])})
    for left, right in zip(twice.get_weights(), reloaded.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    reloaded.compile("sgd", "mse", jit_compile=False)
    before = reloaded.get_layer("logits").get_weights()[1]
    reloaded.train_on_batch(np.ones((2, 4, 4, 1), "float32"), np.ones((2, 2), "float32"))
    assert (reloaded.get_layer("logits").get_weights()[1] != before).all()


def test_nested_models_come_out_flat() -> None:
    inner = keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(3, 3, name="a")], name="stem")
    model = keras.Sequential([keras.Input((4, 4, 1)), inner, layers.Flatten(), layers.Dense(2, name="stem_a_2")])
    shrunk = shrink(model, {"stem/a": np.array([True, False, True])})
    assert [layer.name for layer in shrunk.layers if layer.weights] == ["stem_a", "stem_a_2"]


def test_a_shared_layer_stays_shared() -> None:
    image = keras.Input((4, 4, 2), name="image")
    shared, narrow = layers.Conv2D(4, 3, padding="same", name="shared"), layers.Conv2D(4, 1, name="narrow")
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(shared(shared(narrow(image))))))
    randomise(model, np.random.default_rng(0))
    channels = find_channels(model)
    keep = {"narrow": np.array([True, False, True, False])}
    shrunk = shrink(model, keep)
    assert_agree(model, channels, keep, shrunk)
    assert shrunk.get_layer("shared").kernel.shape == (3, 3, 2, 2) and len(shrunk.layers) == 5


def test_inputs_and_outputs_keep_their_structure() -> None:
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    hidden = layers.Concatenate()([layers.Dense(5, name="a")(left), layers.Dense(4, name="b")(right)])
    outputs = {"p": layers.Dense(2, name="p")(hidden), "q": layers.Dense(3, name="q")(hidden)}
    model = keras.Model({"left": left, "right": right}, outputs)
    keep = random_keep(find_channels(model), np.random.default_rng(0))
    batch = {"left": np.ones((2, 4), "float32"), "right": np.ones((2, 3), "float32")}
    given, wanted = shrink(model, keep)(batch), mask(model, keep)(batch)
    for name in ("p", "q"):
        np.testing.assert_allclose(given[name], wanted[name], atol=1e-5)


def test_an_input_that_no_output_needs_stays_an_input() -> None:
    """As after a first removal that took all that read it."""
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    hidden = layers.Add()([layers.Dense(5, name="a")(left), layers.Dense(5, name="b", use_bias=False)(right)])
    model = keras.Model([left, right], layers.Dense(2, name="c")(layers.Dense(4, name="d")(hidden)))
    unread = keras.Model([left, right], layers.Dense(2, name="e")(layers.Dense(4, name="d")(left)))
    batch = [np.ones((2, 4), "float32"), np.ones((2, 3), "float32")]
    for network in (model, unread):
        keep = {"d": np.array([True, False, True, True])}
        once = shrink(network, keep)
        twice = shrink(once, {"d": np.array([True, False, True])})
        assert [tensor.shape[1] for tensor in twice.inputs] == [4, 3]
        assert [tensor.name for tensor in twice.inputs] == ["left", "right"]
        np.testing.assert_allclose(once(batch), mask(network, keep)(batch), atol=1e-5)


def test_a_nested_model_called_for_inference_stays_so() -> None:
    """base(image, training=False), as in transfer learning; the outer call's word goes before the inner one's."""
    base = keras.Sequential(
        [keras.Input((4,)), layers.Dense(6, name="a"), layers.BatchNormalization(name="bn"), layers.Dropout(0.5)],
        name="base",
    )
    outer = keras.Sequential([keras.Input((4,)), base], name="outer")
    image = keras.Input((4,))
    inner = keras.Input((4,))
    contrary = keras.Model(inner, base(inner, training=True), name="contrary")
    for tensor in (base(image, training=False), outer(image, training=False), contrary(image, training=False)):
        model = keras.Model(image, layers.Dense(2, name="logits")(tensor))
        group = find_channels(model).groups[1].name
        shrunk = shrink(model, {group: np.array([True, True, False, True, True, True])})
        given = [layer._inbound_nodes[0].arguments.kwargs.get("training") for layer in shrunk.layers[2:]]
        assert given == [False, False, None]


def test_mixed_precision_stays_mixed() -> None:
    policy = keras.mixed_precision.DTypePolicy("mixed_bfloat16")
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, dtype=policy, name="a"), layers.Dense(2, dtype="float32", name="b")]
    )
    shrunk = shrink(model, {"a": np.array([True, False, True, True])})
    assert [shrunk.get_layer(name).compute_dtype for name in "ab"] == ["bfloat16", "float32"]
    assert shrunk.get_layer("a").kernel.dtype == "float32"


def test_channels_first_networks_shrink() -> None:
    first: dict[str, Any] = {"data_format": "channels_first"}
    image = keras.Input((3, 7, 9), name="image")
    tensor = layers.Conv2D(6, 3, padding="same", **first)(image)
    tensor = layers.ReLU()(layers.GroupNormalization(3, axis=1)(layers.BatchNormalization(axis=1)(tensor)))
    joined = layers.Concatenate(axis=1)([tensor, layers.Conv2D(4, 3, padding="same", **first)(tensor)])
    pooled = layers.Flatten(**first)(layers.AveragePooling2D(2, **first)(joined))
    unflat = layers.Reshape((5, 2, 3))(layers.Dense(30)(pooled))
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(layers.Conv2D(4, 1, **first)(unflat))))
    randomise(model, np.random.default_rng(0))
    channels = find_channels(model)
    assert [len(group.units) for group in channels.groups if group.fixed is None] == [3, 4, 5, 4]
    keep = random_keep(channels, np.random.default_rng(0))
    assert_agree(model, channels, keep, shrink(model, keep))
