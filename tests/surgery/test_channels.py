"""Which channels belong together, on networks small enough to say it by hand."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.surgery.channels import Channels, find_channels

layers = keras.layers


def conv(filters: int, name: str, **options: Any) -> Any:
    return layers.Conv2D(filters, 3, padding="same", name=name, **options)


def _image(channels: int = 3) -> Any:
    return keras.Input((8, 8, channels), name="image")


def _finished(image: Any, tensor: Any) -> Channels:
    features = layers.GlobalAveragePooling2D()(tensor)
    return find_channels(keras.Model(image, layers.Dense(2, name="logits")(features)))


def _summary(channels: Channels) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Size and producers of every group that may lose channels."""
    return {group.name: (len(group.units), group.producers) for group in channels.groups if group.fixed is None}


def test_a_chain_has_a_group_for_each_layer_and_the_ends_are_fixed() -> None:
    image = _image()
    channels = _finished(image, layers.ReLU()(layers.BatchNormalization(name="norm")(conv(4, "a")(image))))
    assert [(group.name, group.units.tolist(), group.fixed) for group in channels.groups] == [
        ("image", [0, 1, 2], "model input"),
        ("a", [3, 4, 5, 6], None),
        ("logits", [7, 8], "model output"),
    ]
    assert channels.units == 9
    assert [(layer.path, layer.inputs.tolist(), layer.outputs.tolist()) for layer in channels.layers] == [
        ("a", [0, 1, 2], [3, 4, 5, 6]),
        ("norm", [3, 4, 5, 6], [3, 4, 5, 6]),
        ("logits", [3, 4, 5, 6], [7, 8]),
    ]


def test_a_sum_ties_its_operands_channel_by_channel() -> None:
    image = _image()
    trunk = conv(4, "a")(image)
    summed = layers.Add()([trunk, conv(4, "c")(conv(5, "b")(trunk))])
    channels = _finished(image, summed)
    assert _summary(channels) == {"a": (4, ("a", "c")), "b": (5, ("b",))}
    a, _, c, _ = channels.layers
    np.testing.assert_array_equal(a.outputs, c.outputs)


def test_a_concatenation_ties_nothing() -> None:
    image = _image()
    joined = layers.Concatenate()([conv(2, "a")(image), conv(3, "b")(image)])
    channels = _finished(image, conv(4, "c")(joined))
    assert _summary(channels) == {"a": (2, ("a",)), "b": (3, ("b",)), "c": (4, ("c",))}
    assert channels.layers[2].inputs.tolist() == [3, 4, 5, 6, 7]


def test_two_concatenations_that_are_added_tie_slices() -> None:
    """A layer whose channels meet different partners has more than one group."""
    image = _image()
    left = layers.Concatenate()([conv(2, "a")(image), conv(3, "b")(image)])
    channels = _finished(image, layers.Add()([left, conv(5, "c")(image)]))
    assert _summary(channels) == {"a": (2, ("a", "c")), "b": (3, ("b", "c"))}
    reused = conv(4, "d")(image)
    parts = layers.Add()([reused[..., :1], conv(1, "e")(image)])
    channels = _finished(image, layers.Concatenate()([reused, parts]))
    assert _summary(channels) == {"d": (1, ("d", "e")), "d#2": (3, ("d",))}


def test_flatten_repeats_every_channel_in_memory_order() -> None:
    image = keras.Input((2, 2, 3), name="image")
    flat = layers.Flatten()(conv(2, "a")(image))
    channels = find_channels(keras.Model(image, layers.Dense(2)(flat)))
    assert channels.layers[1].inputs.tolist() == [3, 4] * 4
    image = keras.Input((3, 2, 2), name="image")
    flat = layers.Flatten()(conv(2, "a", data_format="channels_first")(image))
    channels = find_channels(keras.Model(image, layers.Dense(2)(flat)))
    assert channels.layers[1].inputs.tolist() == [3] * 4 + [4] * 4


def test_depthwise_convolutions_repeat_and_grouped_ones_tie_blocks() -> None:
    image = _image()
    deep = layers.DepthwiseConv2D(3, depth_multiplier=2, name="d")(conv(2, "a")(image))
    channels = _finished(image, deep)
    assert channels.layers[1].outputs.tolist() == [3, 3, 4, 4]
    assert _summary(channels) == {"a": (2, ("a",))}
    grouped = conv(6, "g", groups=2)(conv(4, "a")(image))
    channels = _finished(image, grouped)
    assert channels.layers[1].inputs.tolist() == [3, 3, 4, 4]
    assert channels.layers[1].outputs.tolist() == [3, 3, 3, 4, 4, 4]
    assert _summary(channels) == {"a": (2, ("a", "g"))}


def test_group_normalisation_makes_whole_groups_and_layer_normalisation_fixes() -> None:
    image = _image()
    channels = _finished(image, layers.GroupNormalization(2)(conv(6, "a")(image)))
    assert channels.layers[0].outputs.tolist() == [3, 3, 3, 4, 4, 4]
    channels = _finished(image, layers.LayerNormalization(name="ln")(conv(6, "a")(image)))
    assert channels.group("a").fixed == "the LayerNormalization layer 'ln' mixes these channels"


def test_a_gate_of_channels_is_tied_to_what_it_gates_and_one_of_the_map_is_not() -> None:
    image = _image()
    trunk = conv(4, "a")(image)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(trunk)
    gate = layers.Conv2D(4, 1, activation="sigmoid", name="up")(layers.Conv2D(2, 1, name="down")(gate))
    channels = _finished(image, layers.Multiply()([trunk, gate]))
    assert _summary(channels) == {"a": (4, ("a", "up")), "down": (2, ("down",))}
    spatial = conv(1, "spatial", activation="sigmoid")(trunk)
    channels = _finished(image, layers.Multiply()([trunk, spatial]))
    assert _summary(channels) == {"a": (4, ("a",)), "spatial": (1, ("spatial",))}


def test_padded_channels_belong_to_whoever_fills_them() -> None:
    image = _image()
    narrow, wide = conv(2, "narrow")(image), conv(5, "wide")(image)
    padded = layers.ZeroPadding2D(((0, 0), (0, 3)), data_format="channels_first", name="pad")(narrow)
    channels = _finished(image, layers.Add()([padded, wide]))
    assert _summary(channels) == {"narrow": (2, ("narrow", "wide")), "wide": (3, ("wide",))}
    channels = _finished(image, padded)
    assert _summary(channels) == {"narrow": (2, ("narrow",)), "pad": (3, ("pad",))}


def test_shared_layers_tie_what_they_read_and_what_they_give() -> None:
    image = _image()
    shared = conv(3, "shared")
    channels = _finished(image, layers.Concatenate()([shared(conv(2, "a")(image)), shared(conv(2, "b")(image))]))
    assert _summary(channels) == {"a": (2, ("a", "b")), "shared": (3, ("shared",))}
    recurrent = conv(4, "again")
    channels = _finished(image, recurrent(recurrent(conv(4, "a")(image))))
    assert _summary(channels) == {"a": (4, ("a", "again"))}


def test_nested_models_are_opened_up() -> None:
    image = _image()
    inner = keras.Sequential([keras.Input((8, 8, 3)), conv(4, "c"), layers.ReLU(name="r")], name="stem")
    channels = _finished(image, conv(2, "d")(inner(image)))
    assert _summary(channels) == {"stem/c": (4, ("stem/c",)), "d": (2, ("d",))}


def test_channels_that_leave_the_model_are_fixed_and_the_others_are_not() -> None:
    image = _image()
    made = conv(4, "a")(image)
    logits = layers.Dense(2, name="logits")(layers.Flatten()(made))
    channels = find_channels(keras.Model(image, [logits, made[..., 1:]]))
    assert [(group.name, len(group.units), group.fixed) for group in channels.groups[1:3]] == [
        ("a", 1, None),
        ("a#2", 3, "model output"),
    ]


@pytest.mark.parametrize(
    ("between", "norm"),
    [
        ([], "bn"),
        ([layers.ReLU()], None),
        ([layers.BatchNormalization(scale=False)], None),
    ],
    ids=["directly", "behind an activation", "without scale"],
)
def test_the_batch_norm_that_directly_follows(between: list[Any], norm: str | None) -> None:
    image = _image()
    tensor = conv(4, "a")(image)
    for layer in between:
        tensor = layer(tensor)
    channels = _finished(image, layers.BatchNormalization(name="bn")(tensor))
    assert channels.layers[0].norm == norm


def test_a_batch_norm_is_not_the_layers_own_if_another_reads_past_it() -> None:
    image = _image()
    made = conv(4, "a")(image)
    channels = _finished(image, layers.Add()([made, layers.BatchNormalization(name="bn")(made)]))
    assert channels.layers[0].norm is None


def test_channels_first() -> None:
    image = keras.Input((3, 7, 9), name="image")
    first = {"data_format": "channels_first"}
    trunk = layers.BatchNormalization(axis=1)(conv(4, "a", **first)(image))
    gate = layers.GlobalAveragePooling2D(keepdims=True, **first)(trunk)
    gate = layers.Conv2D(4, 1, name="gate", **first)(gate)
    joined = layers.Concatenate(axis=1)([layers.Multiply()([trunk, gate]), conv(2, "b", **first)(trunk)])
    pooled = layers.GlobalMaxPooling2D(**first)(layers.ZeroPadding2D(1, **first)(joined))
    channels = find_channels(keras.Model(image, layers.Dense(2)(pooled)))
    assert _summary(channels) == {"a": (4, ("a", "gate")), "b": (2, ("b",))}
