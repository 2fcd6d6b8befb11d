"""Ensembles of simple subnetworks that share the input and one linear output layer: the space of AdaNet."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.schema import number
from nas_cli.spaces.architecture import Architecture, Node, node

SMALLEST_MAP = 4
"""Rows or columns below which a map is not pooled any more."""


@dataclass(frozen=True)
class EnsembleSpaceSettings:
    """Up to `max_subnetworks` subnetworks of 1 to `max_depth` layers, all layers of one as wide as one of `widths`.

    On images a layer is a 3×3 convolution with ReLU, every second one followed by 2×2 max pooling, and global average
    pooling ends the subnetwork; on features a layer is dense with ReLU.
    """

    name: str
    widths: tuple[int, ...] = number(1)
    max_depth: int = number(1)
    max_subnetworks: int = number(1)
    max_flops: float | None = number(0, open_low=True)
    max_params: float | None = number(0, open_low=True)
    max_memory_gb: float | None = number(0, open_low=True)

    def __post_init__(self) -> None:
        if not self.widths or len(set(self.widths)) != len(self.widths):
            raise ConfigError(f"space.widths must be different numbers, at least one, got {list(self.widths)}.")


class Subnetwork(NamedTuple):
    """A stack of `depth` layers of `width` channels or units."""

    depth: int
    width: int


Ensemble = tuple[Subnetwork, ...]
"""The genotype: at least one subnetwork, in the order in which they were added."""


@final
class EnsembleSpace:
    """Implements `Space`. The output layer reads the concatenated last hidden layers, so that the network computes
    f(x) = Σ_k w_k·h_k(x), the hypotheses of Cortes et al. 2017 with one vector h_k for each subnetwork.

    The layers of an ensemble keep their names when a subnetwork is added behind the others.
    """

    def __init__(self, settings: EnsembleSpaceSettings, input_shape: tuple[int, ...], classes: int) -> None:
        self.settings = settings
        self.input_shape = tuple(input_shape)
        self.classes = classes

    def sample(self, rng: np.random.Generator) -> Ensemble:
        """Each number of subnetworks, depth and width with the same probability."""
        return tuple(self._subnetwork(rng) for _ in range(int(rng.integers(1, self.settings.max_subnetworks + 1))))

    def mutate(self, genotype: Ensemble, rng: np.random.Generator) -> Ensemble:
        """A subnetwork added, removed, or one with another depth or width."""
        near = list(self.neighbours(genotype))
        return near[int(rng.integers(len(near)))] if near else genotype

    def cross(self, first: Ensemble, second: Ensemble, rng: np.random.Generator) -> Ensemble:
        """The beginning of one and the end of the other, at most as many subnetworks as `first` has."""
        cut = int(rng.integers(1, len(first) + 1))
        return (*first[:cut], *second[cut : len(first)])

    def neighbours(self, genotype: Ensemble) -> Iterator[Ensemble]:
        """One subnetwork less, one a layer deeper or shallower or of another width, or one more of any kind."""
        found: dict[Ensemble, None] = {}
        for at, (depth, width) in enumerate(genotype):
            before, behind = genotype[:at], genotype[at + 1 :]
            if len(genotype) > 1:
                found[before + behind] = None
            changed = [Subnetwork(other, width) for other in (depth - 1, depth + 1)]
            changed += [Subnetwork(depth, other) for other in self.settings.widths if other != width]
            for subnetwork in changed:
                if 1 <= subnetwork.depth <= self.settings.max_depth:
                    found[(*before, subnetwork, *behind)] = None
        if len(genotype) < self.settings.max_subnetworks:
            for depth in range(1, self.settings.max_depth + 1):
                for width in self.settings.widths:
                    found[(*genotype, Subnetwork(depth, width))] = None
        yield from (ensemble for ensemble in found if ensemble != genotype)

    def encode(self, genotype: Ensemble) -> Any:
        """[[depth, width], …]."""
        return [[depth, width] for depth, width in genotype]

    def decode(self, value: Any) -> Ensemble:
        """The ensemble that `encode` wrote; ConfigError for anything else."""
        try:
            found = tuple(Subnetwork(int(depth), int(width)) for depth, width in value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"an ensemble is a list of [depth, width], got {str(value)[:80]}.") from error
        inside = all(1 <= depth <= self.settings.max_depth and width in self.settings.widths for depth, width in found)
        if not 1 <= len(found) <= self.settings.max_subnetworks or not inside:
            raise ConfigError(f"{str(value)[:80]} is no ensemble of this space.")
        return found

    def architecture(self, genotype: Ensemble) -> Architecture:
        """The network: all subnetworks on the same input, and one linear layer on what they give, joined by a merge
        even where there is only one."""
        nodes = [node("input", shape=self.input_shape)]
        ends = []
        for subnetwork in genotype:
            self._append(nodes, subnetwork)
            ends.append(len(nodes) - 1)
        nodes.append(node("merge", tuple(ends), mode="concat"))
        nodes.append(node("dense", (len(nodes) - 1,), units=self.classes, activation="linear"))
        return Architecture(tuple(nodes))

    def layers(self, genotype: Ensemble) -> Sequence[tuple[str, ...]]:
        """The names of the layers with weights of each subnetwork, as in the built model: 'conv2d_3'."""
        named = []
        nodes = [node("input", shape=self.input_shape)]
        for subnetwork in genotype:
            first = len(nodes)
            self._append(nodes, subnetwork)
            positions = [at for at in range(first, len(nodes)) if nodes[at].op in ("conv2d", "dense")]
            named.append(tuple(f"{nodes[at].op}_{at}" for at in positions))
        return named

    def size(self) -> float | None:
        """Σ_k (depths · widths)^k."""
        kinds = self.settings.max_depth * len(self.settings.widths)
        return float(sum(kinds**count for count in range(1, self.settings.max_subnetworks + 1)))

    def _subnetwork(self, rng: np.random.Generator) -> Subnetwork:
        widths = self.settings.widths
        return Subnetwork(int(rng.integers(1, self.settings.max_depth + 1)), widths[int(rng.integers(len(widths)))])

    def _append(self, nodes: list[Node], subnetwork: Subnetwork) -> None:
        source, size = 0, min(self.input_shape[:2]) if len(self.input_shape) == 3 else 0
        for layer in range(subnetwork.depth):
            if not size:
                nodes.append(node("dense", (source,), units=subnetwork.width, activation="relu"))
            else:
                nodes.append(node("conv2d", (source,), filters=subnetwork.width, kernel=3, activation="relu"))
            if layer % 2 == 1 and size >= 2 * SMALLEST_MAP:
                nodes.append(node("max_pool", (len(nodes) - 1,), size=2))
                size = math.ceil(size / 2)
            source = len(nodes) - 1
        if size:
            nodes.append(node("global_average_pool", (source,)))
