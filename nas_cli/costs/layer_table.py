"""The layers of a model as rows of a table."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.keras_graph import channel_axis, trace
from nas_cli.costs.shapes import Shape


@dataclass(frozen=True)
class LayerRow:
    """One call of one layer on one example.

    `path` is unique: a layer's second call has '#2' behind its path. `channels`: of the output, its features where it
    is a vector. Parameters are in a layer's first call only.
    """

    path: str
    kind: str
    output_shape: Shape
    channels: int
    macs: int
    params: int


def layer_table(model: Any) -> tuple[LayerRow, ...]:
    """Every call of a layer that the outputs need, in order of evaluation, nested models opened up.

    Rows add up to the `macs` and `params` of `model_cost`.

    Raises:
        ConfigError: as `model_cost`.
    """
    axis = channel_axis(trace(model)[0])
    seen: Counter[str] = Counter()
    rows = []
    for cost in model_cost(model).layers:
        seen[cost.name] += 1
        path = cost.name if seen[cost.name] == 1 else f"{cost.name}#{seen[cost.name]}"
        channels = cost.output_shape[axis] if cost.output_shape else 1
        rows.append(LayerRow(path, cost.kind, cost.output_shape, channels, cost.macs, cost.params))
    return tuple(rows)
