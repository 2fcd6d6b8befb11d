"""The kernels whose single weights can go."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nas_cli.costs.keras_graph import Call, Tensor, trace
from nas_cli.errors import ConfigError
from nas_cli.prune.layer_names import excluded, flat, included
from nas_cli.prune.settings import PruneSettings
from nas_cli.surgery.layer_terms import COUNTED, DIAGONAL, kernels


@dataclass(frozen=True, eq=False)
class Weight:
    """One kernel: `path` (layer/name) tells it from others, `layer` is its layer's path; nested models opened up.

    `is_output`: whether its layer makes the model's output.
    """

    path: str
    layer: str
    variable: Any
    is_output: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the kernel; the last two axes are inputs and outputs (or the other way round, if transposed)."""
        return tuple(int(length) for length in self.variable.shape)

    @property
    def size(self) -> int:
        """How many weights there are."""
        return math.prod(self.shape)


def find_weights(model: Any, settings: PruneSettings) -> tuple[Weight, ...]:
    """The kernels of convolution and dense layers that the settings' names leave, in graph order, each once.

    Biases and batch norms are never pruned, nor are depthwise kernels, whose few weights are all that a channel has;
    of a separable convolution it is the pointwise one (tensorflow-model-optimization leaves the same ones).

    Raises:
        ConfigError: as `trace`; a layer name that does not exist; nothing that could be pruned.
    """
    calls, outputs = trace(model)
    layers = {id(call.operation): call for call in reversed(calls) if call.kind in COUNTED - DIAGONAL}
    ordered = [call for call in calls if layers.get(id(call.operation)) is call]
    paths = [call.path for call in ordered]
    names = included(settings.include, paths) - excluded(settings.exclude, paths)
    last = _makers_of(calls, outputs)
    found = [_weight(call, id(call.operation) in last) for call in ordered if call.path in names]
    if not found:
        raise ConfigError("there is nothing to prune: no convolution or dense layer is left by prune.include/exclude.")
    return tuple(found)


def _weight(call: Call, is_output: bool) -> Weight:
    kernel, layer = kernels(call.operation)[-1], flat(call.path)
    return Weight(f"{layer}/{kernel.name}", layer, kernel, is_output)


def _makers_of(calls: Sequence[Call], outputs: Sequence[Tensor]) -> set[int]:
    """The convolution and dense layers behind which no other one comes."""
    found: set[int] = set()
    pending = [position for position, _ in outputs]
    while pending:
        call = calls[pending.pop()]
        if call.kind in COUNTED:
            found.add(id(call.operation))
        else:
            pending += call.inputs
    return found
