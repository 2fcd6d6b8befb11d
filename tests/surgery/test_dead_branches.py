"""Groups without any channel left: a branch goes, a chain is refused."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.shrink import shrink
from tests.surgery.agreement import assert_agree, random_keep
from tests.surgery.random_weights import randomise

layers = keras.layers


def conv(filters: int, name: str, **options: Any) -> Any:
    return layers.Conv2D(filters, 3, padding="same", name=name, **options)


def _model(body: Any) -> keras.Model:
    image = keras.Input((6, 6, 3), name="image")
    features = layers.GlobalAveragePooling2D(name="pooled")(body(image))
    model = keras.Model(image, layers.Dense(2, name="logits")(features))
    randomise(model, np.random.default_rng(0))
    return model


def _emptied(model: keras.Model, *names: str, seed: int | None = None) -> keras.Model:
    """The shrunk model without the named groups; checked against the masked one and the prediction."""
    channels = find_channels(model)
    keep: Keep = {} if seed is None else random_keep(channels, np.random.default_rng(seed))
    keep = {**keep, **{name: np.zeros(len(channels.group(name).units), bool) for name in names}}
    shrunk = shrink(model, keep)
    assert_agree(model, channels, keep, shrunk)
    return shrunk


def _names(model: keras.Model) -> set[str]:
    return {layer.name for layer in model.layers} - {"image", "pooled", "logits"}


def _residual(image: Any, last: Any = None) -> Any:
    trunk = conv(4, "trunk")(image)
    inner = layers.BatchNormalization(name="norm")(conv(5, "first", activation="relu")(trunk))
    inner = layers.BatchNormalization(name="norm2")(conv(4, "second")(inner))
    return layers.Add(name="sum")([trunk, last(inner) if last else inner])


@pytest.mark.parametrize("seed", [None, 1])
def test_a_residual_branch_without_channels_leaves_the_sum(seed: int | None) -> None:
    """Its batch norm's shift, which a masked convolution alone would let through, goes too."""
    assert _names(_emptied(_model(_residual), "first", seed=seed)) == {"trunk"}


def test_a_sum_of_three_loses_one_operand() -> None:
    def body(image: Any) -> Any:
        trunk = conv(4, "trunk")(image)
        branches = [conv(4, f"{name}2")(conv(3, name)(trunk)) for name in "ab"]
        return layers.Add(name="sum")([trunk, *branches])

    assert _names(_emptied(_model(body), "a")) == {"trunk", "b", "b2", "sum"}


def test_a_branch_that_would_still_add_a_constant_cannot_go() -> None:
    model = _model(lambda image: _residual(image, layers.Activation("sigmoid")))
    with pytest.raises(ConfigError, match="all channels of group 'first' cuts the network at layer 'sum'"):
        _emptied(model, "first")


def test_a_part_of_a_concatenation_goes() -> None:
    def body(image: Any) -> Any:
        left, right = conv(3, "left")(image), conv(4, "right2", activation="sigmoid")(conv(2, "right")(image))
        return conv(3, "reader")(layers.Concatenate(name="joined")([left, right]))

    assert _names(_emptied(_model(body), "left")) == {"right", "right2", "reader"}
    assert _names(_emptied(_model(body), "right")) == {"left", "reader"}, "what only a dead layer makes goes with it"


@pytest.mark.parametrize(("dead", "place"), [("a", 0), ("b", 1), ("c", 2)])
def test_zeros_stand_in_for_a_part_whose_channels_others_make(dead: str, place: int) -> None:
    def body(image: Any) -> Any:
        parts = [conv(2, f"{name}2")(conv(3, name)(image)) for name in "abc"]
        return layers.Add()([layers.Concatenate()(parts), conv(6, "other")(image)])

    shrunk = _emptied(_model(body), dead, seed=place)
    assert not _names(shrunk) & {dead, f"{dead}2"}


def test_an_operation_takes_its_operands_without_a_list() -> None:
    def body(image: Any) -> Any:
        trunk = conv(4, "trunk")(image)
        return (trunk + conv(4, "a2")(conv(3, "a")(trunk))) - conv(4, "b2")(conv(2, "b")(trunk))

    assert _names(_emptied(_model(body), "a", "b")) == {"trunk"}
    assert {"trunk", "b"} < _names(_emptied(_model(body), "a"))


@pytest.mark.parametrize("dead", [[0, 1], [2, 3], [4, 5], [0, 1, 4, 5]])
def test_a_part_of_a_split_goes(dead: list[int]) -> None:
    def body(image: Any) -> Any:
        first, second, third = keras.ops.split(conv(6, "all")(image), 3, axis=-1)
        return layers.Concatenate()([conv(2, "a")(first), second, conv(3, "b")(third)])

    model = _model(body)
    channels = find_channels(model)
    keep = {"all": ~np.isin(np.arange(6), dead)}
    assert_agree(model, channels, keep, shrink(model, keep))


def test_a_whole_side_of_a_nested_model_goes() -> None:
    def body(image: Any) -> Any:
        inner_image = keras.Input((6, 6, 4))
        inner = keras.Model(inner_image, conv(4, "b")(conv(3, "a")(inner_image)), name="inner")
        trunk = conv(4, "trunk")(image)
        return layers.Add()([trunk, inner(trunk)])

    assert _names(_emptied(_model(body), "inner/a")) == {"trunk"}


def test_an_input_that_nothing_reads_any_more_stays_an_input() -> None:
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    joined = layers.Concatenate()([layers.Dense(3, name="a")(left), layers.Dense(2, name="b")(right)])
    model = keras.Model([left, right], layers.Dense(2)(joined))
    shrunk = shrink(model, {"b": np.zeros(2, bool)})
    assert [tensor.name for tensor in shrunk.inputs] == ["left", "right"]
    assert shrunk([np.ones((1, 4)), np.ones((1, 3))]).shape == (1, 2)


def test_a_chain_is_not_cut() -> None:
    model = _model(lambda image: layers.ReLU()(conv(4, "b")(layers.ReLU()(conv(3, "a")(image)))))
    with pytest.raises(
        ConfigError, match="all channels of group 'a' cuts the network at layer 'b', .*: keep at least one channel"
    ):
        _emptied(model, "a")
    with pytest.raises(ConfigError, match="all channels of group 'b' cuts the network at layer 'logits'"):
        _emptied(model, "b")


def test_a_product_cannot_do_without_an_operand() -> None:
    def body(image: Any) -> Any:
        trunk = conv(4, "trunk")(image)
        gate = layers.Dense(4, "sigmoid", name="up")(layers.Dense(2, name="down")(layers.GlobalMaxPooling2D()(trunk)))
        return layers.Multiply(name="gated")([trunk, layers.Reshape((1, 1, 4))(gate)])

    with pytest.raises(ConfigError, match="group 'down' cuts the network at layer 'gated'"):
        _emptied(_model(body), "down")


def test_a_product_inside_a_dead_branch_is_no_obstacle() -> None:
    def body(image: Any) -> Any:
        trunk = conv(4, "trunk")(image)
        inner = conv(3, "inner")(trunk)
        gate = layers.GlobalAveragePooling2D(keepdims=True)(inner)
        gated = layers.Multiply()([inner, layers.Conv2D(3, 1, activation="sigmoid", name="gate")(gate)])
        return layers.Add()([trunk, conv(4, "back")(gated)])

    assert _names(_emptied(_model(body), "inner")) == {"trunk"}
