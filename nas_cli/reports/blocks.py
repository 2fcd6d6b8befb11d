"""An architecture as the boxes a reader wants to see: a layer with what follows it, its shape and its cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture, Node

FOLLOWERS = ("batch_norm", "activation", "max_pool", "average_pool", "dropout", "flatten", "global_average_pool")
"""Operations that are drawn inside the box of the layer they follow."""


@dataclass(frozen=True)
class Layer:
    """One node in words; `shape` is None where it cannot be known, `macs` and `params` count one example."""

    position: int
    name: str
    settings: str
    activation: str
    shape: tuple[int, ...] | None
    macs: int
    params: int

    @property
    def title(self) -> str:
        """'conv 3×3 · 64 filters', 'dropout 0.25': all but the activation."""
        return f"{self.name} {self.settings}".rstrip()

    @property
    def text(self) -> str:
        """The title and the activation."""
        return f"{self.title}, {self.activation}" if self.activation else self.title


@dataclass(frozen=True)
class Block:
    """A box: its layers in order, and the boxes it reads."""

    kind: str
    layers: tuple[Layer, ...]
    inputs: tuple[int, ...]

    @property
    def title(self) -> str:
        """'conv 3×3 · 64 filters'."""
        return self.layers[0].title

    @property
    def followers(self) -> str:
        """'relu, batch norm, max pool 2×2': what comes after the first layer's own operation; may be empty."""
        activation = [self.layers[0].activation] if self.layers[0].activation else []
        return ", ".join([*activation, *(layer.text for layer in self.layers[1:])])

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of the box's output."""
        return self.layers[-1].shape

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers of the box."""
        return sum(layer.macs for layer in self.layers)


@dataclass(frozen=True)
class _Counted:
    shapes: Sequence[tuple[int, ...] | None]
    costs: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def layers_of(architecture: Architecture) -> list[Layer]:
    """Every node that the output needs, in order."""
    counted = _count(architecture)
    return [
        Layer(i, *_words(n), counted.shapes[i], *counted.costs.get(f"{n.op}_{i}", (0, 0)))
        for i, n in enumerate(architecture.nodes)
        if i in _needed(architecture)
    ]


def blocks_of(architecture: Architecture) -> list[Block]:
    """The boxes of the drawing in topological order.

    A follower joins the box before it if it is that box's only reader; a merge of one input is not shown.
    """
    nodes = architecture.nodes
    layers = {layer.position: layer for layer in layers_of(architecture)}
    readers = [sum(i in nodes[j].inputs for j in layers) for i in range(len(nodes))]
    groups: list[tuple[str, list[Layer], tuple[int, ...]]] = []
    home: dict[int, int] = {}
    for position, layer in layers.items():
        n = nodes[position]
        if n.op == "merge" and len(n.inputs) == 1:
            home[position] = home[n.inputs[0]]
            readers[n.inputs[0]] = max(readers[n.inputs[0]], readers[position])
        elif n.op in FOLLOWERS and readers[n.inputs[0]] == 1 and nodes[n.inputs[0]].op != "input":
            home[position] = home[n.inputs[0]]
            groups[home[position]][1].append(layer)
        else:
            home[position] = len(groups)
            groups.append((n.op, [layer], tuple(dict.fromkeys(home[source] for source in n.inputs))))
    return [Block(kind, tuple(members), inputs) for kind, members, inputs in groups]


def shape_text(shape: tuple[int, ...] | None) -> str:
    """'28×28×16'; empty if unknown."""
    return "" if shape is None else "×".join(str(size) for size in shape)


def _needed(architecture: Architecture) -> set[int]:
    needed = {len(architecture.nodes) - 1}
    for position in range(len(architecture.nodes) - 1, -1, -1):
        if position in needed:
            needed.update(architecture.nodes[position].inputs)
    return needed


def _count(architecture: Architecture) -> _Counted:
    """Shapes and costs; unknown where the architecture has an operation that the cost model does not know."""
    try:
        costs = {layer.name: (layer.macs, layer.params) for layer in architecture_cost(architecture).layers}
        return _Counted(shapes(architecture), costs)
    except ConfigError:
        return _Counted([None] * len(architecture.nodes))


def _words(n: Node) -> tuple[str, str, str]:
    """Name, settings and activation, e.g. ('conv 3×3', '· 64 filters', 'relu')."""
    settings = dict(n.settings)
    activation = str(settings.pop("activation", "linear"))
    activation = "" if activation == "linear" else activation
    if n.op == "activation":
        return activation or "linear", "", ""
    if n.op == "conv2d":
        kernel, stride = settings.get("kernel", "?"), settings.get("stride", 1)
        strided = f", stride {stride}" if stride != 1 else ""
        return f"conv {kernel}×{kernel}", f"· {settings.get('filters', '?')} filters{strided}", activation
    if n.op == "dense":
        return "dense", f"· {settings.get('units', '?')} units", activation
    if n.op in ("max_pool", "average_pool"):
        return n.op.replace("_", " "), f"{settings.get('size', '?')}×{settings.get('size', '?')}", ""
    if n.op == "dropout":
        return "dropout", f"{settings.get('rate', 0):.2g}", ""
    if n.op == "merge":
        mode = str(settings.get("mode", "merge"))
        return "concatenate" if mode == "concat" else mode, "", ""
    if n.op in ("input", *FOLLOWERS):
        return n.op.replace("_", " "), "", ""
    return n.op.replace("_", " "), ", ".join(f"{key} {value}" for key, value in settings.items()), activation
