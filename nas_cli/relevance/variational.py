"""Dense layers and convolutions with Gaussian weights."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from nas_cli.relevance.relevance import Gaussian

Tensor = Any
TINY = 1e-12
"""Added to variances: the square root has no gradient at zero, which inputs of zeros give."""


class _Variational(keras.layers.Layer):  # type: ignore[misc]
    """What both layers share: posteriors of kernel and bias, and outputs drawn from their distribution."""

    gaussians: Sequence[Gaussian]

    def _take(self, share: str, initial_log_variance: float, seed: int | None) -> None:
        if share not in ("weight", "input", "output"):
            raise ValueError(f"share must be one of weight, input, output, got {share!r}.")
        self.share = share
        self.initial_log_variance = initial_log_variance
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)
        self.gaussians = ()

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        kernel = tuple(self.kernel.shape)
        shared = {"weight": kernel, "input": (1,) * (len(kernel) - 2) + (kernel[-2], 1)}
        made = [self._posterior("kernel", self.kernel, shared.get(self.share, (1,) * (len(kernel) - 1) + kernel[-1:]))]
        if self.use_bias:
            made.append(self._posterior("bias", self.bias, tuple(self.bias.shape)))
        self.gaussians = tuple(made)

    def _posterior(self, name: str, mean: Any, shared: tuple[int, ...]) -> Gaussian:
        start = keras.initializers.Constant(self.initial_log_variance)
        variance = self.add_weight(name=f"{name}_log_variance", shape=tuple(mean.shape), initializer=start)
        precision = self.add_weight(name=f"{name}_log_precision", shape=shared, initializer="zeros", trainable=False)
        return Gaussian(mean, variance, precision)

    def _draw(self, mean: Tensor, variance: Tensor) -> Tensor:
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.noise)
        return mean + ops.sqrt(variance + TINY) * noise

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        outputs = self._affine(inputs, [one.mean for one in self.gaussians])
        if training:
            variances = [ops.exp(one.log_variance) for one in self.gaussians]
            outputs = self._draw(outputs, self._affine(ops.square(inputs), variances))
        return outputs if self.activation is None else self.activation(outputs)

    # Dense and Conv2D would save their own kernel and bias only.
    def save_own_variables(self, store: Any) -> None:
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        keras.layers.Layer.load_own_variables(self, store)

    def get_config(self) -> dict[str, Any]:
        own = {"share": self.share, "initial_log_variance": self.initial_log_variance, "seed": self.seed}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("nas_cli")
class VariationalDense(_Variational, keras.layers.Dense):  # type: ignore[misc]
    """A dense layer with w ~ N(μ, σ²): in training each output is drawn from N(x·μ, x²·σ²), else x·μ.

    Local reparametrisation (Kingma et al. 2015, arXiv:1506.02557): noise of its own for each example and output, at
    the price of a second product, and of a smaller variance of gradients than one draw of weights for the batch.
    `share`: which weights have one prior precision: none ('weight'), or those of one 'input' or one 'output'. The
    bias is Gaussian too, with a precision for each entry: without that no unit could vanish wholly.
    """

    def __init__(
        self,
        units: int,
        *,
        share: str = "weight",
        initial_log_variance: float = -8.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, **kwargs)
        self._take(share, initial_log_variance, seed)

    def _affine(self, inputs: Tensor, weights: Sequence[Tensor]) -> Tensor:
        product = ops.matmul(inputs, weights[0])
        return product + weights[1] if self.use_bias else product


@keras.saving.register_keras_serializable("nas_cli")
class VariationalConv2D(_Variational, keras.layers.Conv2D):  # type: ignore[misc]
    """A convolution with Gaussian weights, as VariationalDense: each output pixel is drawn by itself.

    Pixels that share weights then count as independent, as in Molchanov et al. 2017, arXiv:1701.05369.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        *,
        share: str = "weight",
        initial_log_variance: float = -8.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, kernel_size, **kwargs)
        self._take(share, initial_log_variance, seed)

    def _affine(self, inputs: Tensor, weights: Sequence[Tensor]) -> Tensor:
        outputs = self.convolution_op(inputs, ops.convert_to_tensor(weights[0]))
        if not self.use_bias:
            return outputs
        channels_last = self.data_format == "channels_last"
        return outputs + ops.reshape(weights[1], (1, 1, 1, -1) if channels_last else (1, -1, 1, 1))
