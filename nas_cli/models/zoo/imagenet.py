"""The networks of `keras.applications` with the weights that Keras offers: trained on ImageNet."""

import contextlib
import sys
import warnings
from typing import Any

import numpy as np

from nas_cli.errors import ConfigError, DataError, NasError
from nas_cli.models.zoo.applications import APPLICATIONS, call_application, image_input

IMAGENET_CLASSES = 1000


def build_pretrained(name: str, input_shape: tuple[int, ...], classes: int, **options: Any) -> Any:
    """The network as a flat `keras.Model` from raw RGB pixels (0..255) to float32 logits, trained on ImageNet.

    Inputs are standardised as they were in that training, never by the data set's own mean. For 1000 classes the
    network is complete and takes the image size it was trained with. For any other number its own head is left out:
    global average pooling and a fresh dense layer take its place, on any image size that Keras allows.

    Raises:
        ConfigError: if images are not in colour, or Keras refuses the input shape or an option, with its reason.
        DataError: if the weights cannot be downloaded.
    """
    import keras

    from nas_cli.models.builder import standardised

    if len(input_shape) != 3 or input_shape[2] != 3:
        raise ConfigError(f"ImageNet weights need colour images (height, width, 3), got shape {input_shape}.")
    inputs = image_input(name, input_shape)
    scale, offset, reversed_channels = preprocessing(name)
    images = standardised(inputs, scale, offset)
    whole = {"classes": IMAGENET_CLASSES} if classes == IMAGENET_CLASSES else {"include_top": False, "pooling": "avg"}
    network = _downloaded(name, images, {**whole, **options})
    if reversed_channels:
        _reverse_input_channels(network)
    answers = network.outputs[0]
    if classes == IMAGENET_CLASSES:
        logits = keras.layers.Activation("linear", dtype="float32", name="logits_float32")(answers)
    else:
        logits = keras.layers.Dense(classes, dtype="float32", name="predictions")(answers)
    return keras.Model(network.inputs, logits, name=name)


def preprocessing(name: str) -> tuple[list[float] | None, list[float] | None, bool]:
    """(scale, offset, reversed) of the network's `preprocess_input`: out = in · scale + offset, per RGB channel.

    Found by handing it black and one pixel of each colour. `reversed`: it also turns RGB into BGR. The first two are
    None where the network standardises its inputs itself.
    """
    import keras

    network = getattr(keras.applications, APPLICATIONS[name])
    colours = np.concatenate([np.zeros((1, 3)), 255 * np.eye(3)]).reshape(4, 1, 1, 3).astype(np.float32)
    found = sys.modules[network.__module__].preprocess_input(colours.copy(), data_format="channels_last")
    answers = np.asarray(found, np.float64).reshape(4, 3)
    matrix, offset = (answers[1:] - answers[0]) / 255, answers[0]
    reverse = bool(matrix[0, 0] == 0)
    if reverse:
        matrix, offset = matrix[:, ::-1], offset[::-1]
    if np.allclose(matrix, np.eye(3)) and not offset.any():
        return None, None, reverse
    return np.diag(matrix).tolist(), offset.tolist(), reverse


def _downloaded(name: str, images: Any, options: dict[str, Any]) -> Any:
    # Keras reports its downloads on stdout, which belongs to --json.
    try:
        with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
            # MobileNet warns that its weights are of 224 pixels, which those of a convolution do not depend on.
            warnings.simplefilter("ignore")
            return call_application(name, images, weights="imagenet", **options)
    except NasError:
        raise
    except Exception as error:  # a failed download is a bare Exception, a damaged file any error of h5py
        raise DataError(
            f"cannot get the ImageNet weights of {name}: {' '.join(str(error).split())[:200]}. Keras downloads them "
            "once into ~/.keras/models: bring the file there from a machine with a network, or give model.weights=null."
        ) from error


def _reverse_input_channels(network: Any) -> None:
    """Turns the first kernel from BGR to RGB: the same sums as with images whose channels are swapped."""
    first = next(layer for layer in network.layers if layer.weights)
    kernel, *others = first.get_weights()
    first.set_weights([kernel[:, :, ::-1], *others])
