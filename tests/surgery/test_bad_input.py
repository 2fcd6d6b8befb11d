"""One clear line for everything that cannot be done."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.keep import kept_units
from nas_cli.surgery.shrink import shrink

layers = keras.layers


def _model(*stack: Any, shape: tuple[int | None, ...] = (8, 8, 3)) -> keras.Model:
    return keras.Sequential(
        [keras.Input(shape, name="image"), *stack, layers.Flatten(), layers.Dense(2, name="logits")]
    )


def _nested(layer: Any) -> keras.Model:
    return _model(keras.Sequential([keras.Input((8, 8, 3)), layer], name="stem"))


@keras.saving.register_keras_serializable("test")
class Doubled(keras.layers.Conv2D):  # type: ignore[misc, unused-ignore]
    """A convolution with a computation of its own."""

    def call(self, inputs: Any) -> Any:
        return 2 * super().call(inputs)


def test_layers_that_cannot_be_followed_are_named_by_path_and_class() -> None:
    with pytest.raises(ConfigError, match=r"layer 'stem/odd' is a .*Doubled, whose channels cannot be followed"):
        find_channels(_nested(Doubled(4, 3, name="odd")))
    with pytest.raises(ConfigError, match=r"layer 'stem/code' is a .*\.Lambda, whose channels"):
        find_channels(_nested(layers.Lambda(lambda tensor: tensor * 2, name="code")))
    with pytest.raises(ConfigError, match=r"layer 'each' wraps a .*Doubled"):
        find_channels(_model(layers.Reshape((2, 4, 8, 3)), layers.TimeDistributed(Doubled(2, 3), name="each")))


def test_activations_of_the_users_own_are_refused() -> None:
    with pytest.raises(ConfigError, match="layer 'a' has the activation .*own, of which it is not known"):

        def own(tensor: Any) -> Any:
            return tensor

        find_channels(_model(layers.Conv2D(4, 3, activation=own, name="a")))
    with pytest.raises(ConfigError, match="layer 'a' has the activation .*PReLU"):
        find_channels(_model(layers.Conv2D(4, 3, activation=layers.PReLU(), name="a")))
    assert find_channels(_model(layers.Conv2D(4, 3, activation=layers.LeakyReLU(), name="a"))).group("a").fixed is None


def test_models_without_a_graph_or_a_fixed_size_are_refused() -> None:
    class Written(keras.Model):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="written")
            self.inner = layers.Dense(3)

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    written = Written()
    written(np.ones((1, 4), "float32"))
    with pytest.raises(ConfigError, match="model 'written' has no layer graph"):
        find_channels(written)
    with pytest.raises(ConfigError, match="has no layer graph"):
        find_channels(_nested(Written()))
    with pytest.raises(ConfigError, match="which is not fixed: build the model with a fixed input shape"):
        image = keras.Input((None, None, 3))
        find_channels(keras.Model(image, layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3)(image))))


def test_weights_that_were_added_to_a_layer_are_refused() -> None:
    model = _model(layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(4, name="wide"))
    model.get_layer("wide").enable_lora(2)
    with pytest.raises(ConfigError, match="layer 'wide' has a weight 'lora_kernel_a' that a plain Dense does not have"):
        find_channels(model)


def test_numbers_that_move_between_examples_are_refused() -> None:
    image = keras.Input((4, 4, 3))
    moved = keras.ops.reshape(layers.Conv2D(4, 1)(image), (-1, 4, 4))
    with pytest.raises(ConfigError, match="mixes the examples of a batch"):
        find_channels(keras.Model(image, layers.Dense(2)(moved)))


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ({"conv": [True] * 4}, "there is no channel group 'conv'. Did you mean 'conv1'?"),
        ({"nothing like it": [True]}, "there is no channel group 'nothing like it'. Known: image, conv1, logits."),
        ({"conv1": [True] * 3}, "the mask of channel group 'conv1' must have 4 values, got shape (3,)."),
        ({"logits": [True, False]}, "channel group 'logits' cannot lose channels: model output. Keep all of them."),
        ({"image": [False] * 3}, "channel group 'image' cannot lose channels: model input. Keep all of them."),
    ],
)
def test_a_keep_that_does_not_fit(keep: dict[str, list[bool]], message: str) -> None:
    masks = {name: np.array(mask) for name, mask in keep.items()}
    with pytest.raises(ConfigError) as raised:
        shrink(_model(layers.Conv2D(4, 3, name="conv1")), masks)
    assert str(raised.value) == message


def test_a_fixed_group_may_be_named_if_it_keeps_all() -> None:
    channels = find_channels(_model(layers.Conv2D(4, 3, name="conv1")))
    keep = {"logits": np.ones(2, bool), "conv1": np.array([True, False, True, True])}
    assert kept_units(channels, keep).tolist() == [True] * 4 + [False] + [True] * 4
