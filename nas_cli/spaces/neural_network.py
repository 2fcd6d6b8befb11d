"""A small network with weights, neuron by neuron, as a plain value: what NEAT evolves and nobody trains."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nas_cli.errors import ConfigError

ACTIVATIONS = ("sigmoid", "tanh", "relu", "gaussian", "sine", "linear")
"""sigmoid is NEAT's steepened 1/(1 + exp(−4.9 x)); gaussian exp(−x²)."""


class Unit(NamedTuple):
    """A neuron: activation(bias + Σ weight · value), over `reads`, pairs of (position, weight)."""

    bias: float
    activation: str
    reads: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class NeuralNetwork:
    """A feed-forward network of `inputs` features; positions count the inputs first, then `units` in order.

    A unit reads earlier positions only. The last `outputs` units are the outputs; no unit reads them.
    """

    inputs: int
    units: tuple[Unit, ...]
    outputs: int

    @property
    def connections(self) -> int:
        """The number of weights without the biases: multiply-accumulates of one example."""
        return sum(len(unit.reads) for unit in self.units)

    def cost(self) -> dict[str, int]:
        """{"macs", "flops", "params"} of one example: 1 MAC = 2 FLOPs; parameters are weights and biases."""
        macs = self.connections
        return {"macs": macs, "flops": 2 * macs, "params": macs + len(self.units)}

    def to_json(self) -> dict[str, Any]:
        """{"inputs": n, "neurons": [{"bias": …, "activation": …, "reads": [[position, weight], …]}], "outputs": k}."""
        neurons = [{"bias": u.bias, "activation": u.activation, "reads": list(map(list, u.reads))} for u in self.units]
        return {"inputs": self.inputs, "neurons": neurons, "outputs": self.outputs}

    def digest(self) -> str:
        """The network as one canonical line of JSON."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))


def network_from_json(value: Mapping[str, Any]) -> NeuralNetwork:
    """The network that `NeuralNetwork.to_json` wrote.

    Raises:
        ConfigError: for anything else: an unknown activation, a unit that reads a later one, a weight not finite.
    """
    try:
        units = tuple(_unit(item) for item in value["neurons"])
        network = NeuralNetwork(int(value["inputs"]), units, int(value["outputs"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"not a neural network: {error!r} in {str(value)[:80]}") from error
    hidden = network.inputs + len(units) - network.outputs
    for place, unit in enumerate(units, start=network.inputs):
        wrong = [position for position, _ in unit.reads if not 0 <= position < min(place, hidden)]
        numbers = [unit.bias, *(weight for _, weight in unit.reads)]
        if wrong or unit.activation not in ACTIVATIONS or not all(map(math.isfinite, numbers)):
            raise ConfigError(
                f"neuron {place} must read earlier neurons that are no outputs with finite weights, and have an "
                f"activation of {', '.join(ACTIVATIONS)}; got {str(unit)[:120]}."
            )
    if network.inputs < 1 or not 1 <= network.outputs <= len(units):
        raise ConfigError(f"a neural network needs inputs and outputs, got {network.inputs} and {network.outputs}.")
    return network


def _unit(item: Mapping[str, Any]) -> Unit:
    reads = tuple((int(position), float(weight)) for position, weight in item["reads"])
    return Unit(float(item["bias"]), str(item["activation"]), reads)
