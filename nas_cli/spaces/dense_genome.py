"""NEAT's genome: genes of neurons and of weighted connections, with historical marks."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from nas_cli.errors import ConfigError
from nas_cli.spaces.graph import Link
from nas_cli.spaces.neural_network import ACTIVATIONS, NeuralNetwork, Unit


class Neuron(NamedTuple):
    """A neuron that computes activation(bias + Σ weight · value)."""

    mark: int
    bias: float
    activation: str


class Connection(NamedTuple):
    """A weighted connection between two neurons or from an input, named by their marks; a disabled one only waits."""

    mark: int
    source: int
    target: int
    weight: float
    enabled: bool = True


@dataclass(frozen=True)
class Genome:
    """Neurons (outputs and hidden ones) and connections, each in order of their marks.

    Marks 0 … inputs − 1 are the inputs, the next ones the outputs. The graph of all connections, disabled ones
    included, has no cycle, so that enabling one never closes any: networks are feed-forward.

    Deviation: the bias of a neuron is a number of its own, where Stanley & Miikkulainen 2002 have a connection from a
    bias unit: every neuron has one, and it mutates as weights do.
    """

    nodes: tuple[Neuron, ...]
    links: tuple[Connection, ...]

    @cached_property
    def numbers(self) -> dict[int, float]:
        """Weight or bias by mark of the gene: connections and neurons share one counter."""
        genes = {node.mark: node.bias for node in self.nodes}
        return genes | {link.mark: link.weight for link in self.links}

    @cached_property
    def link_marks(self) -> frozenset[int]:
        """Marks of the connections."""
        return frozenset(link.mark for link in self.links)

    def to_json(self) -> dict[str, Any]:
        """{"nodes": [[mark, bias, activation], …], "links": [[mark, source, target, weight, enabled], …]}."""
        return {"nodes": list(map(list, self.nodes)), "links": list(map(list, self.links))}


@dataclass(frozen=True)
class Ends:
    """The inputs and outputs that all genomes of a space have, and the activation of the outputs."""

    inputs: int
    outputs: int
    activation: str

    @property
    def output_marks(self) -> range:
        """Marks of the output neurons."""
        return range(self.inputs, self.inputs + self.outputs)

    @cached_property
    def first_links(self) -> tuple[Link, ...]:
        """Every input to every output: the connections of NEAT's minimal start, with the first marks."""
        pairs = [(source, target) for target in self.output_marks for source in range(self.inputs)]
        start = self.inputs + self.outputs
        return tuple(Link(start + i, source, target) for i, (source, target) in enumerate(pairs))


def make_genome(nodes: Iterable[Neuron], links: Iterable[Connection]) -> Genome:
    """The genome of these genes, put in order of their marks."""
    return Genome(tuple(sorted(nodes)), tuple(sorted(links)))


def reachable(links: Iterable[Connection]) -> dict[int, set[int]]:
    """For each mark that a connection starts from, the marks that paths lead to from there.

    Raises:
        ConfigError: if there is a cycle.
    """
    targets: dict[int, list[int]] = {}
    for link in links:
        targets.setdefault(link.source, []).append(link.target)
    found: dict[int, set[int]] = {}

    def visit(mark: int, path: tuple[int, ...]) -> set[int]:
        if mark in path:
            raise ConfigError(f"the genome has a cycle through neuron {mark}; it must be feed-forward.")
        if mark not in found:
            near = targets.get(mark, [])
            found[mark] = set(near).union(*(visit(target, (*path, mark)) for target in near))
        return found[mark]

    for mark in list(targets):
        visit(mark, ())
    return found


def leads(links: Iterable[Connection], start: int, goal: int) -> bool:
    """True if a path of connections leads from `start` to `goal`, or both are the same."""
    targets: dict[int, list[int]] = {}
    for link in links:
        targets.setdefault(link.source, []).append(link.target)
    seen, waiting = {start}, [start]
    while waiting:
        for target in targets.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return goal in seen


def network_of(genome: Genome, ends: Ends) -> NeuralNetwork:
    """The network of the enabled connections; hidden neurons that reach no output are left out."""
    reads: dict[int, list[Connection]] = {}
    for link in genome.links:
        if link.enabled:
            reads.setdefault(link.target, []).append(link)
    place = {mark: mark for mark in range(ends.inputs)}
    neurons = {node.mark: node for node in genome.nodes}
    units: list[Unit] = []
    outputs = ends.output_marks
    for mark in (*_hidden_in_order(reads, ends), *outputs):
        node = neurons[mark]
        place[mark] = ends.inputs + len(units)
        sources = tuple((place[link.source], link.weight) for link in reads.get(mark, ()))
        units.append(Unit(node.bias, node.activation, sources))
    return NeuralNetwork(ends.inputs, tuple(units), ends.outputs)


def _hidden_in_order(reads: dict[int, list[Connection]], ends: Ends) -> Iterator[int]:
    """Marks of the hidden neurons that an output depends on, sources first."""
    done = set(range(ends.inputs + ends.outputs))

    def visit(mark: int) -> Iterator[int]:
        for link in reads.get(mark, ()):
            if link.source not in done:
                done.add(link.source)
                yield from visit(link.source)
                yield link.source

    for output in ends.output_marks:
        yield from visit(output)


def genome_from_json(value: Any, ends: Ends) -> Genome:
    """The genome that `Genome.to_json` wrote.

    Raises:
        ConfigError: for anything else, or a genome of other inputs and outputs.
    """
    try:
        nodes = [Neuron(int(mark), float(bias), str(activation)) for mark, bias, activation in value["nodes"]]
        links = [Connection(int(m), int(s), int(t), float(w), bool(e)) for m, s, t, w, e in value["links"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"not a genome of the space dense: {error!r} in {str(value)[:80]}") from error
    genome = make_genome(nodes, links)
    check_genome(genome, ends)
    return genome


def check_genome(genome: Genome, ends: Ends) -> None:
    """Nothing for a sound genome.

    Raises:
        ConfigError: for a repeated mark or connection, a connection to nowhere, a cycle, a missing output, a number
            that is not finite, or an unknown activation.
    """
    neurons = {node.mark for node in genome.nodes}
    marks = [*(node.mark for node in genome.nodes), *(link.mark for link in genome.links)]
    pairs = [(link.source, link.target) for link in genome.links]
    if len(set(marks)) != len(marks) or len(set(pairs)) != len(pairs) or min(marks, default=-1) < ends.inputs:
        raise ConfigError("a genome repeats a historical mark or a connection.")
    if not neurons.issuperset(ends.output_marks):
        raise ConfigError(f"a genome must have the outputs {list(ends.output_marks)}, has {sorted(neurons)}.")
    sources = neurons.union(range(ends.inputs)).difference(ends.output_marks)
    if not all(source in sources and target in neurons for source, target in pairs):
        raise ConfigError("a genome has a connection from or to an unknown neuron.")
    if not all(map(math.isfinite, genome.numbers.values())) or any(
        node.activation not in ACTIVATIONS for node in genome.nodes
    ):
        raise ConfigError("a genome must have finite weights and known activations.")
    reachable(genome.links)
