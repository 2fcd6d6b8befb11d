"""The space of graphs of primitive functions, on vectors or on images, after Taranov, Bakhteev and Strijov."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.dag_network import (
    IMAGE_OPERATIONS,
    VECTOR_OPERATIONS,
    Edge,
    GraphNetwork,
    GraphSize,
    edge_name,
    graph_network,
)
from nas_cli.spaces.decision import Categorical, Decision
from nas_cli.spaces.decision_space import DecisionSpace, Values


@dataclass(frozen=True)
class DagSettings:
    """The graph, the functions that its edges may have, and what a network may cost.

    `vertices` with the input and the output; `width`: numbers, or channels, of each. `stem`: an affine map, or for
    images a 3×3 convolution with batch norm, makes vertex 0 of the input ('learned'), or the input is vertex 0, which
    then must have `width` numbers or channels ('none'). `vector_operations` where inputs
    are vectors: dense_… are dense layers with that activation, relu, tanh and sigmoid are activations alone;
    `image_operations` where they are images: a convolution is ReLU, convolution, batch norm. Images: `halvings` of
    height and width between input and output. Limits, None is no limit: `max_flops` for one example (2 per
    multiply-accumulate), `max_params`, `max_memory_gb` while training.
    """

    name: str
    vertices: int = number(2)
    width: int = number(1)
    halvings: int = number(0)
    stem: str = choice("learned", "none")
    vector_operations: tuple[str, ...] = choice(*VECTOR_OPERATIONS)
    image_operations: tuple[str, ...] = choice(*IMAGE_OPERATIONS)
    max_flops: float | None = number(0, open_low=True)
    max_params: float | None = number(0, open_low=True)
    max_memory_gb: float | None = number(0, open_low=True)

    def __post_init__(self) -> None:
        for field in fields(self):
            values = getattr(self, field.name)
            if isinstance(values, tuple) and (len(values) < 2 or len(set(values)) != len(values)):
                raise ConfigError(f"space.{field.name} must be different values, at least two, got {list(values)}.")


class DagSpace(DecisionSpace):
    """Genotypes have one function for each edge (i, j), i < j: decisions 'edge_0_1', 'edge_0_2', 'edge_1_2' and so on.

    The value of a vertex is the sum of what its incoming edges make of their sources. Outputs are linear in the last
    vertex, after batch norm, ReLU and global average pooling of images. 'none' is no edge: a graph without a way from
    input to output gives constants.

    Deviations: the paper lets vertices have any size; here all have the same, which a stem provides, so that identity
    and sums are defined everywhere. Maps are halved by max pooling on the way into vertices that are smaller.
    """

    def __init__(self, settings: DagSettings, input_shape: tuple[int, ...], classes: int) -> None:
        if len(input_shape) not in (1, 3):
            raise ConfigError(
                f"space '{settings.name}' needs images (height, width, channels) or vectors (features,), "
                f"got {input_shape}."
            )
        if settings.stem == "none" and input_shape[-1] != settings.width:
            raise ConfigError(
                f"space.stem=none needs as many inputs as a vertex has numbers: space.width is {settings.width}, the "
                f"inputs are {input_shape}. Use space.width={input_shape[-1]} or space.stem=learned."
            )
        self.settings = settings
        self.input_shape = input_shape
        self.classes = classes
        self.graph = GraphSize(settings.vertices, settings.width, settings.halvings, settings.stem == "learned")
        images = len(input_shape) == 3
        self.operations: tuple[str, ...] = settings.image_operations if images else settings.vector_operations
        super().__init__([Decision(edge_name(edge), Categorical(self.operations)) for edge in self.edges])

    @property
    def edges(self) -> tuple[Edge, ...]:
        """(source, target) in the order of the decisions: by target, then by source."""
        return self.graph.edges

    def architecture(self, genotype: Values) -> Architecture:
        """The network of a graph."""
        return self.network(genotype).architecture

    def network(self, genotype: Values) -> GraphNetwork:
        """The network of a graph, and which of its layers belong to which edge."""
        return graph_network(self.chosen(genotype), self.graph, self.input_shape, self.classes)

    def chosen(self, genotype: Values) -> Mapping[Edge, str]:
        """The function of each edge."""
        return {edge: str(value) for edge, value in zip(self.edges, genotype, strict=True)}
