"""The space of DARTS: a normal and a reduction cell, stacked into a network."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.cell_genotype import OPERATIONS, CellGenotype, decisions, from_pairs, to_pairs
from nas_cli.spaces.cell_network import network
from nas_cli.spaces.decision_space import DecisionSpace, Values


@dataclass(frozen=True)
class CellSpaceSettings:
    """What a cell is made of, the size of the network around it, and what a network may cost.

    `nodes`: intermediate nodes of each cell, two edges each; `operations` that an edge may have. `layers`: cells in the
    network, of which those at a third and two thirds of the depth are reduction cells; `channels` of the first cells.
    Limits, None is no limit: `max_flops` for one image (2 per multiply-accumulate), `max_params`, `max_memory_gb`
    while training.
    """

    name: str
    nodes: int = number(1)
    operations: tuple[str, ...] = choice(*OPERATIONS)
    layers: int = number(3)
    channels: int = number(1)
    max_flops: float | None = number(0, open_low=True)
    max_params: float | None = number(0, open_low=True)
    max_memory_gb: float | None = number(0, open_low=True)

    def __post_init__(self) -> None:
        if not self.operations or len(set(self.operations)) != len(self.operations):
            raise ConfigError(f"space.operations must be different ones, at least one, got {list(self.operations)}.")


class CellSpace(DecisionSpace):
    """Genotypes have the two sources and two operations of each node of both cells (Liu et al. 2019).

    `pairs` and `values` translate from and to DARTS' (operation, source) pairs. With 4 nodes and all 7 operations there
    are about 10^18 genotypes, as the paper counts them.

    Deviations: networks have neither the auxiliary classifier nor the drop-path of the paper's final training; edges
    from one node share its ReLU; at stride 2 the border of even sides is padded at the end, as TensorFlow does.
    """

    def __init__(self, settings: CellSpaceSettings, input_shape: tuple[int, ...], classes: int) -> None:
        if len(input_shape) != 3:
            raise ConfigError(f"space '{settings.name}' needs images (height, width, channels), got {input_shape}.")
        super().__init__(decisions(settings.nodes, settings.operations))
        self.settings = settings
        self.input_shape = input_shape
        self.classes = classes

    def architecture(self, genotype: Values) -> Architecture:
        """The network of two cells."""
        size = (self.settings.layers, self.settings.channels)
        return network(self.pairs(genotype), *size, self.input_shape, self.classes)

    def pairs(self, genotype: Values) -> CellGenotype:
        """The two cells as DARTS writes them."""
        return to_pairs(genotype, self.settings.nodes)

    def values(self, cells: CellGenotype) -> Values:
        """The genotype of two cells; ConfigError if they are not of this space."""
        found = from_pairs(cells)
        if len(found) != len(self.decisions):
            raise ConfigError(f"both cells must have {self.settings.nodes} nodes with two edges each.")
        return tuple(decision.domain.read(value) for decision, value in zip(self.decisions, found, strict=True))
