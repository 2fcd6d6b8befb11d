"""Muon, an approximate second-order method, on the kernels of convolutions too."""

import math
from collections.abc import Sequence
from typing import Any, final

import keras
from keras import ops


@final
class ConvolutionMuon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras' Muon, whose own takes its matrix step for dense layers only and Adam's for the rest.

    A kernel with outputs on its last axis is a matrix G (inputs of an output, outputs): its step goes along UVᵀ of
    the momentum's singular value decomposition UΣVᵀ, by five Newton-Schulz iterations (Jordan et al. 2024,
    https://kellerjordan.github.io/posts/muon). That is Shampoo's step (GGᵀ)^(-1/4) G (GᵀG)^(-1/4) with preconditioners
    of the present momentum alone (Bernstein & Newhouse 2024, arXiv:2409.20325): an approximate second-order method
    without memory of curvature. Biases, scales and the output layer, taken to be the last kernel, follow Adam, as the
    authors of Muon advise.
    """

    def build(self, var_list: Sequence[Any]) -> None:
        kernels = [variable for variable in var_list if len(variable.shape) > 1]
        self._output = kernels[-1].path if kernels else None
        super().build(var_list)

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) < 2 or variable.path == self._output

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        step = ops.add(gradient, self.momentum * m) if self.nesterov else m
        matrix = ops.reshape(step, (math.prod(variable.shape[:-1]), variable.shape[-1]))
        direction = self.lr_adjust(self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, ops.reshape(ops.cast(lr, direction.dtype) * direction, variable.shape))
