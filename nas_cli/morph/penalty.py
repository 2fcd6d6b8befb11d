"""MorphNet's regularizer as a training sees it."""

from typing import Any, final

import numpy as np
from keras import ops
from numpy.typing import NDArray

from nas_cli.errors import ConfigError
from nas_cli.morph.members import Members
from nas_cli.morph.relevance import EPSILON, Relevance, as_slices
from nas_cli.morph.settings import MorphSettings
from nas_cli.surgery.channels import Channels
from nas_cli.surgery.resource import Resource


@final
class MorphNetPenalty:
    """λ·G = λ·Σ_units weight·r; weights follow the units that live at each step (Gordon et al. 2018, equation 6).

    λ = multiplier / F(all units), so that λ·Σ weight starts near 2·multiplier (G counts a layer by its inputs and by
    its outputs). With weighting=uniform every weight is 1 and λ = 2·multiplier / units that can go: as strong in sum.
    With `proximal` the loss is 0, and after each step every unit takes the proximal step of lr·λ·weight·r instead
    (Parikh & Boyd 2014, 6.5): a gamma or a norm falls by lr·λ·weight and stops at 0; of a unit with several members
    the largest are cut down to a common level, together by that amount, so that r alone is paid for.
    """

    def __init__(
        self,
        channels: Channels,
        resource: Resource,
        settings: MorphSettings,
        relevance: Relevance | None = None,
    ) -> None:
        """`relevance`: of this model at the start of the phase, if it is there already."""
        self.relevance = relevance or Relevance(channels, settings)
        self._resource, self._settings = resource, settings
        mortal = int((~self.relevance.immortal).sum())
        if not mortal:
            raise ConfigError(
                f"the model has no channels to remove: every group is fixed, or has no weight that "
                f"morph.regularizer={settings.regularizer} could shrink."
            )
        whole = resource.cost(np.ones(channels.units, bool))
        self.strength = settings.multiplier / (mortal / 2 if settings.weighting == "uniform" else whole)

    def loss(self) -> Any:
        if self._settings.proximal:
            return ops.zeros((), "float32")
        values = self.relevance.values()
        return ops.sum(self._pressure(values) * self.relevance.of_units(values))

    def after_step(self, learning_rate: Any) -> None:
        if not self._settings.proximal:
            return
        values = self.relevance.values()
        cut = ops.cast(learning_rate, "float32") * self._pressure(values)
        level = _level(self.relevance, values, cut)
        units = np.maximum(self.relevance.unit_of_value, 0)
        shrunk = ops.where(self.relevance.unit_of_value < 0, values, ops.minimum(values, ops.take(level, units)))
        start = 0
        for members, size in zip(self.relevance.weights, self.relevance.sizes, strict=True):
            _rescale(members, values[start : start + size], shrunk[start : start + size])
            start += size

    def _pressure(self, values: Any) -> Any:
        """λ·weight of each unit, (units,)."""
        if self._settings.weighting == "uniform":
            return ops.convert_to_tensor(self.strength * ~self.relevance.immortal, "float32")
        return self.strength * ops.stop_gradient(self._resource.weights_tensor(self.relevance.alive(values)))


def _level(relevance: Relevance, values: Any, cut: Any) -> Any:
    """The common level t >= 0 of each unit's largest members, with Σ_i max(v_i − t, 0)/c_i² = cut; 0 if that is more
    than all of them. Of the levels that the k largest would give, the right one is the highest.
    """
    weights: NDArray[Any] = np.append(1 / relevance.scales() ** 2, 0.0).astype(np.float32)
    own = relevance.by_unit(values, -1.0)
    order = ops.flip(ops.argsort(own, axis=1), axis=1)
    weight = ops.take_along_axis(ops.convert_to_tensor(np.take(weights, relevance.slots)), order, axis=1)
    sums = ops.cumsum(ops.take_along_axis(own, order, axis=1) * weight, axis=1)
    totals = ops.maximum(ops.cumsum(weight, axis=1), EPSILON)
    return ops.maximum(ops.max((sums - ops.expand_dims(cut, 1)) / totals, axis=1), 0.0)


def _rescale(members: Members, before: Any, after: Any) -> None:
    """Gives every slice its new |gamma| or norm; its sign or direction stays."""
    weight = ops.convert_to_tensor(members.variable)
    if members.kind == "gamma":
        members.variable.assign(ops.sign(weight) * after)
        return
    factor = ops.reshape(after / ops.maximum(before, EPSILON), (1, -1, 1))
    members.variable.assign(ops.reshape(as_slices(members, weight) * factor, weight.shape))
