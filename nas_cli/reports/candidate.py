"""The chosen candidate of a run in whatever form its space has: a network of layers, of neurons, or a point."""

from collections.abc import Mapping

from nas_cli.errors import ConfigError
from nas_cli.reports.source import Source
from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.neural_network import NeuralNetwork, network_from_json


def neural_network(source: Source) -> NeuralNetwork | None:
    """The chosen network, if it is one of neurons."""
    best = source.history.best
    if best is None or "neurons" not in best.architecture:
        return None
    try:
        return network_from_json(best.architecture)
    except ConfigError:
        return None


def point(source: Source) -> Mapping[str, Scalar]:
    """The chosen point, or the decisions that the chosen network was made from; empty for a space without decisions."""
    best = source.history.best
    if best is None:
        return {}
    found = best.architecture.get("point")
    return found if isinstance(found, Mapping) else best.decisions
