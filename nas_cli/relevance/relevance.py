"""Automatic relevance determination: weights as Gaussians, and the precisions of their priors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

Tensor = Any


@dataclass(frozen=True, eq=False)
class Gaussian:
    """The variables of one weight of a layer with posterior N(μ, σ²) and prior N(0, 1/a), elementwise.

    `mean`, `log_variance`: trained, of one shape. `log_precision`: log a, of a shape that broadcasts to theirs.
    """

    mean: Any
    log_variance: Any
    log_precision: Any


def kl(mean: Tensor, log_variance: Tensor, log_precision: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1/a)), a scalar: ½·Σ (a·(μ² + σ²) − 1 − log a − log σ²), in nats."""
    expected = ops.exp(log_precision) * (ops.square(mean) + ops.exp(log_variance))
    return 0.5 * ops.sum(expected - 1.0 - log_precision - log_variance)


def closed_form(mean: Tensor, log_variance: Tensor, shape: Sequence[int]) -> Tensor:
    """log a that minimises the divergence: a = 1/mean(μ² + σ²) over the weights that share it; `shape` is a's.

    For one weight of its own a = 1/(μ² + σ²), and the divergence becomes ½·log(1 + μ²/σ²) (MacKay 1994; Titsias &
    Lázaro-Gredilla 2014). This maximises the *training* evidence bound. The paper on relevance (Taranov, Bakhteev,
    Strijov) asks for A* = argmin Q on validation data instead. Q does not contain A, so that its first-order gradient
    is zero: the closed form is our stated deviation; the other reading, one unrolled step as in DARTS' second order,
    is `hyper=[log precisions]` of Bilevel. Its ‖A^½W‖² is −log N(w; 0, 1/a) with a = 2A, up to a constant.
    """
    second = ops.square(mean) + ops.exp(log_variance)
    axes = [axis for axis, size in enumerate(shape) if size == 1]
    return -ops.log(ops.mean(second, axis=axes, keepdims=True) if axes else second)


def gaussians(layers: Any) -> list[Gaussian]:
    """The Gaussian weights of a model, of one layer, or of several; nested ones included."""
    several = layers if isinstance(layers, list | tuple) else [layers]
    found: dict[int, Gaussian] = {}
    for top in several:
        for layer in top._flatten_layers():
            for one in getattr(layer, "gaussians", ()):
                found.setdefault(id(one), one)
    return list(found.values())


def divergence(weights: Sequence[Gaussian]) -> Tensor:
    """The sum of their KL divergences, a float32 scalar in nats."""
    terms = [kl(*(ops.convert_to_tensor(value) for value in _parts(one))) for one in weights]
    return sum(terms, ops.zeros((), "float32"))


def update_precisions(weights: Sequence[Gaussian]) -> None:
    """Gives every a its closed form."""
    for one in weights:
        mean, log_variance, log_precision = _parts(one)
        log_precision.assign(
            closed_form(
                ops.convert_to_tensor(mean), ops.convert_to_tensor(log_variance), [int(n) for n in log_precision.shape]
            )
        )


def _parts(one: Gaussian) -> tuple[Any, Any, Any]:
    return one.mean, one.log_variance, one.log_precision


def evidence_loss(mean_nll: Tensor, weights: Sequence[Gaussian], examples: int) -> Tensor:
    """NLL·N + KL, the negative evidence bound of N training examples in nats, from the mean NLL of a batch."""
    return mean_nll * examples + divergence(weights)


def gaussian_nll(squared_errors: Tensor, log_noise: Tensor) -> Tensor:
    """−log N(y; f, s²) of each example, from (y − f)² and log s²: what a regression must minimise besides KL.

    Without the noise variance s² a squared error has no unit, and the divergence would weigh too much or too little.
    """
    return 0.5 * (squared_errors * ops.exp(-log_noise) + log_noise + math.log(2.0 * math.pi))


def relevance(layer: Any) -> Mapping[str, NDArray[np.float64]]:
    """The signal-to-noise ratio of every Gaussian weight of a layer: 'kernel', and 'bias' if it has one.

    |μ|/σ; weights that share a precision are judged together, by √mean(μ²/σ²) of them all. Not by √(Σμ²/Σσ²): a
    weight into a unit that nothing reads has the prior for a posterior, whose σ² = 1/a is the mean of μ² + σ² over the
    group, large just where the input matters to other units, and would hide it.

    What to expect with closed-form precisions: in a linear model whose least-squares estimate of a weight is t of its
    standard errors, the fixed point is |μ|/σ = √(t² − 1), and 0 for t ≤ 1. A threshold of 1 is thus a test |t| > √2,
    which one of six irrelevant weights passes by chance. Weights of equal standard errors that share a precision have
    √(mean t² − 1), and mean t² is near 1 by chance; weights that nothing reads count as t = 0, so that an input read
    by k of n units has √(k/n) of what these k give it. So share precisions where whole inputs or units are to go, or
    raise the threshold.
    """
    found = {}
    for name, one in zip(("kernel", "bias"), layer.gaussians, strict=False):
        mean, log_variance = (ops.convert_to_numpy(value).astype(np.float64) for value in _parts(one)[:2])
        shared = tuple(axis for axis, size in enumerate(one.log_precision.shape) if size == 1)
        squares = np.mean(mean**2 * np.exp(-log_variance), axis=shared, keepdims=True)
        found[name] = np.broadcast_to(np.sqrt(squares), mean.shape)
    return found


def rate_factors(weights: Sequence[Any], examples: int) -> list[float]:
    """Factors of MomentumSGD: N for log variances, 1 for the rest.

    The gradient of (NLL·N + KL)/N at log σ² is of the order 1/N, and would hardly move it. With N it is that of
    NLL·N + KL, of the order 1 everywhere, which is the natural gradient up to a factor 2: a Gaussian's Fisher
    information about log σ² is ½.
    """
    return [float(examples) if weight.name.partition(":")[0].endswith("log_variance") else 1.0 for weight in weights]
