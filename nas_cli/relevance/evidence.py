"""The evidence bound as what the training loop minimises."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import keras
from keras import ops

from nas_cli.errors import ConfigError
from nas_cli.relevance.relevance import divergence, gaussians, update_precisions

LEAST_NOISE = 1e-6
"""Of the targets' variance: a network that meets all targets exactly would leave the divergence without weight."""


@final
class Evidence:
    """KL/N as a penalty of the training loop, and the closed form of A after each step.

    The loop minimises a mean over examples: (NLL·N + KL)/N. `warm_up`: steps in which KL grows linearly from 0 to its
    full weight; without it weights may be given up before they have learned (Sønderby et al. 2016).

    With `regression` the loop minimises the mean squared error of standardised targets, which is NLL times twice the
    noise's variance s², up to a constant: so KL/N gets that factor too. `after_epoch` gives s² its closed form, the
    mean squared error of the epoch's draws; it begins at 1, the targets' variance. This has the same optimum as
    `gaussian_nll` with s² learned by gradient.

    `variance_rate`: how much faster than means log variances go; the optimizer's change of them is multiplied by it.
    An optimizer like Adam moves every weight by about its learning rate, which suits means of 0.1, and not logarithms
    that have several units to go.

    `weight`: of KL in the bound. Below 1 it is that of N/weight examples like the given ones, a posterior that is
    narrower than the data warrant ("cold", Wenzel et al. 2020): networks with far more weights than examples are given
    up wholly by the bound itself.

    A `nas_cli.training.penalty.StatefulPenalty`: a training that goes on from a checkpoint goes on with it.
    """

    def __init__(
        self,
        model: Any,
        examples: int,
        warm_up: int = 0,
        *,
        regression: bool = False,
        variance_rate: float = 1.0,
        weight: float = 1.0,
    ) -> None:
        """`examples`: N, the number of training examples.

        Raises:
            ConfigError: the model has no Gaussian weights.
        """
        self._weights = gaussians(model)
        if not self._weights:
            raise ConfigError("the model has no Gaussian weights: make it variational first.")
        self._examples, self._warm_up, self._rate = examples / weight, warm_up, variance_rate
        self._step = keras.Variable(0.0, trainable=False, dtype="float32")
        self._noise = keras.Variable(1.0, trainable=False, dtype="float32") if regression else None
        variances = [one.log_variance for one in self._weights] if variance_rate != 1.0 else []
        self._moved = [(one, keras.Variable(one, trainable=False, dtype="float32")) for one in variances]

    @property
    def noise_variance(self) -> float | None:
        """s² relative to the variance of the targets; None for a classification."""
        return None if self._noise is None else float(self._noise)

    @property
    def variables(self) -> Sequence[Any]:
        """What a checkpoint keeps of it."""
        noise = [] if self._noise is None else [self._noise]
        return [self._step, *noise, *(before for _, before in self._moved)]

    def on_gradients(self, gradients: Sequence[Any], variables: Sequence[Any]) -> Sequence[Any]:
        return gradients

    def loss(self) -> Any:
        share = ops.minimum(self._step / max(1, self._warm_up), 1.0) if self._warm_up else 1.0
        unit = 1.0 if self._noise is None else 2.0 * self._noise
        return share * unit * divergence(self._weights) / self._examples

    def after_step(self, learning_rate: Any) -> None:
        self._step.assign(self._step + 1.0)
        for variance, before in self._moved:
            variance.assign(before + self._rate * (variance - before))
            before.assign(variance)
        update_precisions(self._weights)

    def after_epoch(self, epoch: Mapping[str, float]) -> None:
        """Sets s²; `epoch` is one of the training's curve."""
        if self._noise is not None:
            self._noise.assign(max(epoch["train_loss"], LEAST_NOISE))
