"""What supernets have before and behind their cells, and how their weights get into a built network."""

from collections.abc import Sequence
from typing import Any, final

import tensorflow as tf

from nas_cli.errors import ConfigError
from nas_cli.oneshot.bundles import Arrays, affine
from nas_cli.oneshot.parameters import Norms, Parameters
from nas_cli.spaces.architecture import Architecture

WITH_WEIGHTS = ("conv2d", "depthwise_conv2d", "batch_norm", "dense")


@final
class Stem:
    """Raw images times `scale` plus `offset`, 3×3 convolution, batch norm."""

    def __init__(
        self,
        made: Parameters,
        input_shape: Sequence[int],
        channels: int,
        scale: Sequence[float] | None,
        offset: Sequence[float] | None,
    ) -> None:
        depth = input_shape[-1]
        if any(values is not None and len(values) != depth for values in (scale, offset)):
            raise ConfigError(f"scale and offset must have {depth} values, one per channel, got {scale} and {offset}.")
        self._scale, self._offset = scale, offset
        self._kernel = made.glorot((3, 3, depth, channels), 9 * depth, 9 * channels, "stem")
        self._norm, self._made, self._shape = made.norm(channels), made, tuple(input_shape)

    def __call__(self, x: Any, norms: Norms) -> Any:
        """(batch, height, width, channels)."""
        x = tf.ensure_shape(tf.cast(x, tf.float32), (None, *self._shape))
        if self._scale is not None:
            x *= tf.constant(list(self._scale), tf.float32)
        if self._offset is not None:
            x += tf.constant(list(self._offset), tf.float32)
        return norms(self._norm, tf.nn.conv2d(x, self._kernel, 1, "SAME"))

    def discrete(self) -> list[Arrays]:
        """The weights, layer by layer."""
        return [[self._kernel.numpy()], affine(self._made.statistics(self._norm))]


@final
class Classifier:
    """Global average pooling and linear outputs."""

    def __init__(self, made: Parameters, channels: int, classes: int) -> None:
        self._kernel = made.glorot((channels, classes), channels, classes, "classifier")
        self._bias = made.zeros((classes,), "bias")

    def __call__(self, x: Any) -> Any:
        """Logits (batch, classes)."""
        return tf.reduce_mean(x, axis=(1, 2)) @ self._kernel + self._bias

    def discrete(self) -> Arrays:
        """The weights."""
        return [self._kernel.numpy(), self._bias.numpy()]


def give(model: Any, architecture: Architecture, layers: Sequence[Arrays]) -> None:
    """Put weights into a built model; `layers` in the order in which the architecture's nodes with weights stand."""
    names = [f"{n.op}_{at}" for at, n in enumerate(architecture.nodes) if n.op in WITH_WEIGHTS]
    for name, arrays in zip(names, layers, strict=True):
        model.get_layer(name).set_weights(arrays)
