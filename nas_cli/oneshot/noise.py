"""A supernet for numbers, with the variance of their noise among its weights."""

from collections.abc import Sequence
from typing import Any, final

import tensorflow as tf

from nas_cli.relevance.relevance import gaussian_nll


@final
class WithNoise:
    """A supernet whose squared errors become negative log-likelihoods; `log_noise` is the logarithm of the variance."""

    def __init__(self, net: Any) -> None:
        self._net = net
        self.alpha = net.alpha
        self.log_noise = tf.Variable(0.0, name="log_noise")
        self.trainable_weights = [*net.trainable_weights, self.log_noise]
        self.non_trainable_variables = list(getattr(net, "non_trainable_variables", ()))

    @property
    def weights(self) -> list[Any]:
        """All variables but alpha."""
        return [*self._net.weights, self.log_noise]

    def __call__(self, x: Any, gamma: Sequence[Any], training: bool) -> Any:
        return self._net(x, gamma, training)

    def nll(self, squared_errors: Any) -> Any:
        """−log N of each example."""
        return gaussian_nll(squared_errors, self.log_noise)
