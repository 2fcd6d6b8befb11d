"""An architecture as a plain value: a graph of layers that needs no deep-learning library to exist.

Every space describes its networks this way, so that one cost model counts them and one builder builds them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nas_cli.errors import ConfigError

Value = int | float | str | bool | tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One layer: its operation, the positions of the nodes it reads, and its settings.

    Operations and their settings:
        input: shape (height, width, channels) or (features,)
        conv2d: filters, kernel, stride (1), activation ('relu', 'tanh', 'sigmoid' or 'linear'), use_bias (true),
            initializer ('glorot_uniform'); padding is 'same'. Settings with a value in brackets may be left out.
        depthwise_conv2d: kernel, multiplier (1), stride (1), dilation (1), activation, use_bias and initializer as
            conv2d; each input channel gives `multiplier` output channels. A dilation above 1 needs stride 1: a dilated
            convolution of stride 2 and dilation 2 is `subsample` of size 2 and one that is not dilated
        batch_norm, activation (activation as conv2d)
        max_pool, average_pool: size, stride (size); padding 'same', whose places are not counted in an average
        subsample: size; keeps every size-th row and column, the first included
        shift: moves a map by one row up and one column left; zeros enter at the bottom and the right
        zeros: as many zeros as the input has numbers, whatever they are
        dropout: rate
        merge: mode 'concat' or 'sum'; inputs may differ in size, see `nas_cli.costs.shapes.merge`
        flatten, global_average_pool
        dense: units, activation, use_bias and initializer as conv2d
    """

    op: str
    inputs: tuple[int, ...]
    settings: tuple[tuple[str, Value], ...] = ()

    def __getitem__(self, name: str) -> Any:
        for key, value in self.settings:
            if key == name:
                return value
        raise KeyError(name)


def node(op: str, inputs: tuple[int, ...] = (), **settings: Value) -> Node:
    """A node with its settings in alphabetical order, so that equal layers compare equal."""
    return Node(op, inputs, tuple(sorted(settings.items())))


@dataclass(frozen=True)
class Architecture:
    """Nodes in topological order; the first is the input, the last gives the logits (or the regression value).

    The last node is a linear dense layer: losses work on logits.
    """

    nodes: tuple[Node, ...]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(height, width, channels) or (features,)."""
        shape: tuple[int, ...] = self.nodes[0]["shape"]
        return shape

    def with_input(self, shape: tuple[int, ...]) -> "Architecture":
        """The same layers on inputs of another shape (low-fidelity evaluation at a lower resolution)."""
        return Architecture((node("input", shape=shape), *self.nodes[1:]))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: {"nodes": [{"op": …, "inputs": […], …settings}]}."""
        return {
            "nodes": [
                {"op": n.op, "inputs": list(n.inputs)}
                | {key: list(v) if isinstance(v, tuple) else v for key, v in n.settings}
                for n in self.nodes
            ]
        }

    def digest(self) -> str:
        """The architecture as one canonical line of JSON: equal networks have equal digests."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))


def from_json(value: Mapping[str, Any]) -> Architecture:
    """The architecture that `Architecture.to_json` wrote.

    Raises:
        ConfigError: if the value has not that form or a node reads a later one.
    """
    try:
        nodes = tuple(_node_from_json(item) for item in value["nodes"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"not an architecture: {error!r} in {str(value)[:80]}") from error
    for position, n in enumerate(nodes):
        if any(not 0 <= source < position for source in n.inputs):
            raise ConfigError(f"architecture node {position} ({n.op}) reads {list(n.inputs)}, must be earlier nodes.")
    if not nodes or nodes[0].op != "input":
        raise ConfigError("an architecture must start with an 'input' node.")
    return Architecture(nodes)


def _node_from_json(item: Mapping[str, Any]) -> Node:
    settings = {key: _value(v) for key, v in item.items() if key not in ("op", "inputs")}
    return node(str(item["op"]), tuple(int(source) for source in item["inputs"]), **settings)


def _value(value: Any) -> Value:
    return tuple(int(v) for v in value) if isinstance(value, list) else value
