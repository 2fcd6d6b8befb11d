"""What one call does to the channels, in a form that counting, masking and shrinking all read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.keras_graph import Call
from nas_cli.costs.shapes import Shape
from nas_cli.errors import ConfigError
from nas_cli.surgery.labels import Labels, along
from nas_cli.surgery.ledger import Ledger, Units

Alive = NDArray[np.bool_] | NDArray[np.int64]
"""By unit number of the ledger: whether the unit stays, or how many channels there are of it after copying."""

Axes = Mapping[int, Units]
"""Of one weight: the units along those of its axes that have any."""

CHAIN, SUM, DIFFERENCE, CONCAT, JOIN = "chain", "sum", "difference", "concat", "join"


def unchanged(alive: Alive) -> Mapping[str, Any]:
    """No constructor argument depends on the number of channels."""
    return {}


def same_arguments(alive: Alive, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """No argument of the call depends on the number of channels."""
    return args, kwargs


@dataclass(frozen=True, eq=False)
class Effect:
    """One call's effect.

    `outputs`: labels of each output. `reads`, `writes`: units of its input and output channels, for layers with
    weights. `weights`: by position in `layer.weights`. `supplies`: units whose content this call makes.
    `config(alive)`: the constructor arguments that change; `arguments(alive, args, kwargs)`: the call's arguments.
    `missing` says what happens when an input has no channel left: 'chain' leaves no output either; 'sum' leaves that
    operand out; 'difference' too, but not the first; 'concat' leaves out that part along `axis`; 'join' cannot do
    without any operand.
    """

    outputs: tuple[Labels, ...]
    reads: Units | None = None
    writes: Units | None = None
    weights: Mapping[int, Axes] = field(default_factory=dict)
    supplies: Units = field(default_factory=lambda: np.empty(0, np.int64))
    config: Callable[[Alive], Mapping[str, Any]] = unchanged
    arguments: Callable[[Alive, Any, Any], tuple[Any, Any]] = same_arguments
    missing: str = CHAIN
    axis: int | None = None


@dataclass(frozen=True, eq=False)
class Context:
    """What a rule sees: the ledger, the call, the labels of its inputs, and where channels lie when nothing tells."""

    ledger: Ledger
    call: Call
    inputs: Sequence[Labels]
    channel_axis: int

    @property
    def layer(self) -> Any:
        """The layer that is called."""
        return self.call.operation

    @property
    def path(self) -> str:
        """Its path through nested models."""
        return self.call.path

    def read(self, axis: int) -> Units:
        """The units of the first input along an axis over which the layer sums.

        Units along another axis are fixed, for the layer mixes them; one of them then stands for every place.
        """
        labels = self.inputs[0]
        vector = labels.vector(axis)
        if vector is not None:
            return vector
        self.ledger.fix(labels.units, f"layer '{self.path}' works across these channels")
        return np.full(labels.shape[axis], labels.units.flat[0])

    def passing(self, axis: int) -> Units:
        """The units of the first input along an axis on which the layer treats every place alone.

        Units along another axis are fixed, for the layer mixes them, and so are the units that are returned.
        """
        labels = self.inputs[0]
        vector = labels.vector(axis)
        if vector is not None:
            return vector
        reason = f"layer '{self.path}' works across these channels"
        self.ledger.fix(labels.units, reason)
        units = self.ledger.fresh(labels.shape[axis], reason)
        self.ledger.produced.append((self.path, units))
        return units

    def fix(self, what: str) -> str:
        """Fix the units of all inputs; returns the reason, which names the layer."""
        reason = f"{what} '{self.path}' mixes these channels"
        for labels in self.inputs:
            self.ledger.fix(labels.units, reason)
        return reason

    def new_outputs(self, reason: str) -> tuple[Labels, ...]:
        """Fresh fixed units for the outputs of a call whose inner working is not followed."""
        outputs = tuple(self._fixed(shape, reason) for shape in self.call.shapes)
        self.ledger.produced += [(self.path, labels.units.ravel()) for labels in outputs]
        return outputs

    def _fixed(self, shape: Shape, reason: str) -> Labels:
        if not shape:
            return Labels(shape, self.ledger.fresh(1, reason).reshape(()))
        axis = self.channel_axis % len(shape)
        return along(shape, axis, self.ledger.fresh(shape[axis], reason))


def weight_axes(layer: Any, path: str, **axes: Axes) -> dict[int, Axes]:
    """The axes of weights by their position in `layer.weights`, from the attributes that hold them.

    Raises:
        ConfigError: if the layer has a weight that is not named, such as those of LoRA or of quantization.
    """
    known = {id(getattr(layer, name)): value for name, value in axes.items() if getattr(layer, name) is not None}
    for weight in layer.weights:
        if id(weight) not in known:
            raise ConfigError(
                f"layer '{path}' has a weight '{weight.name}' that a plain {type(layer).__name__} does not have: merge "
                "or remove what was added to the layer before its channels are changed."
            )
    return {position: known[id(weight)] for position, weight in enumerate(layer.weights)}
