"""The functions on the edges of a graph, each with weights of its own."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, final

import keras
import tensorflow as tf

from nas_cli.oneshot.parameters import Norms, Parameters
from nas_cli.relevance.settings import RelevanceSettings
from nas_cli.relevance.variational import VariationalConv2D, VariationalDense

Tensor = Any
Function = Callable[[Tensor], Tensor]


class LayerMaker(Protocol):
    """Makes the layers with kernels, each with other initial weights."""

    def dense(self, units: int) -> Any:
        """An affine layer."""

    def convolution(self, filters: int, kernel: int) -> Any:
        """A convolution without bias."""

    def depthwise(self, kernel: int) -> Any:
        """A depthwise convolution without bias."""


@final
class PlainLayers:
    """Ordinary layers."""

    def __init__(self, seed: int) -> None:
        self._seed = _Seeds(seed)

    def dense(self, units: int) -> Any:
        return keras.layers.Dense(units, kernel_initializer=self._seed.glorot())

    def convolution(self, filters: int, kernel: int) -> Any:
        initializer = self._seed.glorot()
        return keras.layers.Conv2D(filters, kernel, padding="same", use_bias=False, kernel_initializer=initializer)

    def depthwise(self, kernel: int) -> Any:
        initializer = self._seed.glorot()
        return keras.layers.DepthwiseConv2D(kernel, padding="same", use_bias=False, depthwise_initializer=initializer)


@final
class VariationalLayers:
    """Layers with Gaussian weights; depthwise ones are ordinary: the 1×1 convolution behind tells if they matter."""

    def __init__(self, seed: int, settings: RelevanceSettings) -> None:
        self._seed, self._plain, self._settings = _Seeds(seed), PlainLayers(seed), settings

    def dense(self, units: int) -> Any:
        return VariationalDense(units, kernel_initializer=self._seed.glorot(), **self._options())

    def convolution(self, filters: int, kernel: int) -> Any:
        initializer, options = self._seed.glorot(), self._options()
        return VariationalConv2D(
            filters, kernel, padding="same", use_bias=False, kernel_initializer=initializer, **options
        )

    def depthwise(self, kernel: int) -> Any:
        return self._plain.depthwise(kernel)

    def _options(self) -> dict[str, Any]:
        settings = self._settings
        return {
            "share": settings.share,
            "initial_log_variance": settings.initial_log_variance,
            "seed": self._seed.next(),
        }


class _Seeds:
    """Seeds, all different, from one."""

    def __init__(self, seed: int) -> None:
        self._next = seed * 10_000

    def next(self) -> int:
        self._next += 1
        return self._next

    def glorot(self) -> Any:
        """The initializer that the builder's layers have."""
        return keras.initializers.GlorotUniform(seed=self.next())


@final
class Norm:
    """A batch norm without trained scale and offset, which would compete with gamma (Liu et al. 2019, 3.1)."""

    def __init__(self, made: Parameters, channels: int) -> None:
        self._made, self.number = made, made.norm(channels)

    def discrete(self) -> list[Any]:
        """The weights of the built network's layer."""
        mean, variance = self._made.statistics(self.number)
        return [tf.ones_like(mean).numpy(), tf.zeros_like(mean).numpy(), mean, variance]


@final
class Operation:
    """A function of a vertex: layers, norms and functions without weights, one after another."""

    def __init__(self, *steps: Any) -> None:
        self.steps: Sequence[Any] = steps
        self.layers: list[Any] = [step for step in steps if isinstance(step, keras.layers.Layer)]

    def __call__(self, x: Tensor, norms: Norms, training: bool) -> Tensor:
        for step in self.steps:
            if isinstance(step, Norm):
                x = norms(step.number, x)
            else:
                x = step(x, training=training) if isinstance(step, keras.layers.Layer) else step(x)
        return x

    def discrete(self) -> list[list[Any]]:
        """The weights of the built network's layers that have any, in their order; of Gaussian ones the means."""
        weighted = [step for step in self.steps if isinstance(step, Norm | keras.layers.Layer)]
        return [step.discrete() if isinstance(step, Norm) else _means(step) for step in weighted]


def operation(name: str, width: int, made: Parameters, maker: LayerMaker) -> Operation:
    """The function that `nas_cli.spaces.dag_network` makes of the same name; 'none' has none."""
    kind, _, rest = name.partition("_")
    if kind == "dense":
        return Operation(maker.dense(width), *([_activation(rest)] if rest else []))
    if kind == "conv":
        return Operation(tf.nn.relu, maker.convolution(width, int(rest[-1])), Norm(made, width))
    if kind == "separable":
        depthwise, pointwise = maker.depthwise(int(rest[-1])), maker.convolution(width, 1)
        return Operation(tf.nn.relu, depthwise, pointwise, Norm(made, width))
    if kind in ("max", "avg"):
        return Operation(_pool(kind.upper(), int(rest[-1]), 1))
    return Operation() if name == "identity" else Operation(_activation(name))


def halved(x: Tensor) -> Tensor:
    """The map max-pooled by 2."""
    return _pool("MAX", 2, 2)(x)


def _activation(name: str) -> Function:
    functions: dict[str, Function] = {"relu": tf.nn.relu, "tanh": tf.tanh, "sigmoid": tf.sigmoid}
    return functions[name]


def _pool(kind: str, size: int, stride: int) -> Function:
    return lambda x: tf.nn.pool(x, (size, size), kind, strides=(stride, stride), padding="SAME")


def _means(layer: Any) -> list[Any]:
    return [value.numpy() for value in (layer.kernel, layer.bias) if value is not None]
