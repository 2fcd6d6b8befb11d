"""Mutations of NEAT's genomes; each gives a sound genome, or None where it cannot be applied."""

from collections.abc import Sequence

import numpy as np

from nas_cli.spaces.dense_genome import Connection, Ends, Genome, Neuron, make_genome, reachable
from nas_cli.spaces.dense_settings import DenseSettings
from nas_cli.spaces.innovations import Innovations


def minimal(settings: DenseSettings, ends: Ends, rng: np.random.Generator) -> Genome:
    """A network without hidden neurons: every input joined to every output, all weights and biases random."""
    reach = settings.weight_range
    weights = rng.uniform(-reach, reach, len(ends.first_links)).tolist()
    biases = rng.uniform(-reach, reach, ends.outputs).tolist()
    pairs = zip(ends.first_links, weights, strict=True)
    links = [Connection(link.mark, link.source, link.target, weight) for link, weight in pairs]
    nodes = [Neuron(mark, bias, ends.activation) for mark, bias in zip(ends.output_marks, biases, strict=True)]
    return make_genome(nodes, links)


def mutate_weights(genome: Genome, settings: DenseSettings, perturb: float, rng: np.random.Generator) -> Genome:
    """The genome with every weight and bias moved (probability `perturb`) or drawn anew."""
    links, nodes = genome.links, genome.nodes
    count = len(links) + len(nodes)
    old = np.array([*(link.weight for link in links), *(node.bias for node in nodes)])
    drawn = rng.uniform(-1.0, 1.0, count)
    moved = old + settings.weight_step * drawn
    new = np.where(rng.random(count) < perturb, moved, settings.weight_range * drawn).tolist()
    split = len(links)
    return Genome(
        tuple(Neuron(node.mark, bias, node.activation) for node, bias in zip(nodes, new[split:], strict=True)),
        tuple(Connection(m, s, t, w, e) for (m, s, t, _, e), w in zip(links, new[:split], strict=True)),
    )


def add_connection(
    genome: Genome, settings: DenseSettings, ends: Ends, rng: np.random.Generator, innovations: Innovations
) -> Genome | None:
    """The genome with a connection of random weight between two neurons that had none; None if there are no such."""
    pairs = free_pairs(genome, ends)
    if not pairs:
        return None
    pair = pairs[rng.integers(len(pairs))]
    return joined(genome, pair, float(rng.uniform(-settings.weight_range, settings.weight_range)), innovations)


def free_pairs(genome: Genome, ends: Ends) -> list[tuple[int, int]]:
    """The pairs (source, target) that a new connection could join without a cycle; a disabled one is there, too."""
    hidden = [node.mark for node in genome.nodes if node.mark not in ends.output_marks]
    present = {(link.source, link.target) for link in genome.links}
    reached = reachable(genome.links)
    return [
        (source, target)
        for source in [*range(ends.inputs), *hidden]
        for target in [*ends.output_marks, *hidden]
        if source != target and (source, target) not in present and source not in reached.get(target, ())
    ]


def joined(genome: Genome, pair: tuple[int, int], weight: float, innovations: Innovations) -> Genome:
    """The genome with one more connection."""
    link = innovations.link(*pair)
    return make_genome(genome.nodes, (*genome.links, Connection(link.mark, link.source, link.target, weight)))


def add_neuron(
    genome: Genome, settings: DenseSettings, ends: Ends, rng: np.random.Generator, innovations: Innovations
) -> Genome | None:
    """The genome with a neuron in a random enabled connection; None if it has none or no room."""
    enabled = [link for link in genome.links if link.enabled]
    if not enabled or len(genome.nodes) - ends.outputs >= settings.max_hidden:
        return None
    link = enabled[rng.integers(len(enabled))]
    activation = settings.activations[rng.integers(len(settings.activations))]
    return split(genome, link, activation, innovations)


def split(genome: Genome, link: Connection, activation: str, innovations: Innovations) -> Genome:
    """The genome with a neuron in the place of a connection, which stays, disabled.

    The connection into the neuron has the weight 1, the one out of it the old weight (section 3.1), its bias is 0.
    """
    mark = innovations.node(link, genome.numbers)
    into, out = innovations.link(link.source, mark), innovations.link(mark, link.target)
    links = [old._replace(enabled=False) if old.mark == link.mark else old for old in genome.links]
    links.append(Connection(into.mark, into.source, into.target, 1.0))
    links.append(Connection(out.mark, out.source, out.target, link.weight))
    return make_genome((*genome.nodes, Neuron(mark, 0.0, activation)), links)


def change_activation(
    genome: Genome, activations: Sequence[str], ends: Ends, rng: np.random.Generator
) -> Genome | None:
    """The genome with another activation of a random hidden neuron; None if there is none or no other."""
    hidden = [node for node in genome.nodes if node.mark not in ends.output_marks]
    if not hidden:
        return None
    chosen = hidden[rng.integers(len(hidden))]
    others = [name for name in activations if name != chosen.activation]
    if not others:
        return None
    changed = chosen._replace(activation=others[rng.integers(len(others))])
    return Genome(tuple(changed if node == chosen else node for node in genome.nodes), genome.links)


def toggled(genome: Genome, link: Connection) -> Genome:
    """The genome with a connection enabled that was disabled, or the other way round."""
    links = tuple(old._replace(enabled=not old.enabled) if old == link else old for old in genome.links)
    return Genome(genome.nodes, links)
