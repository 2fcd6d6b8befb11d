"""What a model will cost after channels are removed, without building it."""

import math
from dataclasses import dataclass

from nas_cli.costs.keras_graph import Call
from nas_cli.costs.keras_layers import count
from nas_cli.surgery.channels import Channels
from nas_cli.surgery.effect import Alive, Axes, Effect
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.survival import survive


@dataclass(frozen=True)
class LayerPrediction:
    """The cost of one call that remains; its parameters if no earlier call brought them."""

    path: str
    macs: int
    params: int


@dataclass(frozen=True)
class Prediction:
    """The cost of a whole model, counted as `costs.keras_cost.model_cost` counts it."""

    layers: tuple[LayerPrediction, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates on one example."""
        return sum(layer.macs for layer in self.layers)

    @property
    def flops(self) -> int:
        """Twice the MACs."""
        return 2 * self.macs

    @property
    def params(self) -> int:
        """Numbers in all weights."""
        return sum(layer.params for layer in self.layers)


def predicted(channels: Channels, keep: Keep) -> Prediction:
    """The cost of `shrink(model, keep)` for the model of these channels.

    A layer that loses channels applies its kernels at the same places before and after, so its MACs are in proportion
    to the numbers in its kernels; attention, recurrence and products of tensors lose none.

    Raises:
        ConfigError: as `survive`; naming the layer, if its operations are not known.
    """
    survival = survive(channels, keep)
    layers: list[LayerPrediction] = []
    seen: set[int] = set()
    for position in survival.needed:
        call, one = channels.traced.calls[position], channels.traced.effects[position]
        before, after = _sizes(call, one, survival.alive)
        macs, _ = count(call)
        kernels = [at for at, weight in enumerate(getattr(call.operation, "weights", ())) if "kernel" in weight.name]
        if macs and one.weights:
            macs = macs // sum(before[at] for at in kernels) * sum(after[at] for at in kernels)
        layers.append(LayerPrediction(call.path, macs, 0 if id(call.operation) in seen else sum(after)))
        seen.add(id(call.operation))
    return Prediction(tuple(layers))


def _sizes(call: Call, one: Effect, alive: Alive) -> tuple[list[int], list[int]]:
    """Numbers in each of the layer's weights before and after removal."""
    shapes = [tuple(weight.shape) for weight in getattr(call.operation, "weights", ())]
    after = [_size(shape, one.weights.get(at, {}), alive) for at, shape in enumerate(shapes)]
    return [math.prod(shape) for shape in shapes], after


def _size(shape: tuple[int, ...], axes: Axes, alive: Alive) -> int:
    """Numbers in a weight after removal."""
    return math.prod(int(alive[axes[axis]].sum()) if axis in axes else size for axis, size in enumerate(shape))
