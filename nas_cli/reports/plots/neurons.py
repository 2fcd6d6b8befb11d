"""A drawing of a small network, neuron by neuron, as NEAT evolves them."""

from matplotlib.figure import Figure

from nas_cli.reports.plots.style import BLUE, GREEN, INK, MUTED, ORANGE, PAPER, QUIET, VERMILION, Plot
from nas_cli.spaces.neural_network import NeuralNetwork

MOST = 80
"""Neurons and inputs of a network that can still be drawn."""


def neurons_plot(network: NeuralNetwork, title: str) -> Plot | None:
    """Neurons in layers by the longest path to them, lines as thick as their weights; None for a large network."""
    total = network.inputs + len(network.units)
    if total > MOST:
        return None
    places = layered(network)
    layers = 1 + max(x for x, _ in places)
    tallest = max(sum(x == layer for x, _ in places) for layer in range(layers))
    return Plot(
        "network",
        title,
        f"{network.inputs} inputs, {len(network.units)} neurons, {network.connections} connections. Blue lines have "
        "positive weights, dashed red ones negative; the thicker, the larger. Letters are activations.",
        lambda figure: _draw(figure, network, places, tallest),
        width=max(3.6, 1.25 * layers),
        height=max(2.4, 0.36 * tallest + 0.7),
        tips={f"#neuron-{place}": _tip(network, place) for place in range(network.inputs, total)},
    )


def layered(network: NeuralNetwork) -> list[tuple[int, int]]:
    """(layer, place in it) of each input and neuron: one layer behind the last that it reads; outputs in the last."""
    depths = [0] * network.inputs
    for unit in network.units:
        depths.append(1 + max((depths[position] for position, _ in unit.reads), default=0))
    last = max(1, *depths)
    first_output = len(depths) - network.outputs
    layers = [last if place >= first_output else depth for place, depth in enumerate(depths)]
    if any(layer == last for layer in layers[:first_output]):
        layers = [last + 1 if place >= first_output else layer for place, layer in enumerate(layers)]
    taken: dict[int, int] = {}
    places = []
    for layer in layers:
        places.append((layer, taken.setdefault(layer, 0)))
        taken[layer] += 1
    return places


def _draw(figure: Figure, network: NeuralNetwork, places: list[tuple[int, int]], tallest: int) -> None:
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    axes.axis("off")
    counts: dict[int, int] = {}
    for layer, _ in places:
        counts[layer] = counts.get(layer, 0) + 1
    at = [(float(layer), place - (counts[layer] - 1) / 2) for layer, place in places]
    widest = max((abs(weight) for unit in network.units for _, weight in unit.reads), default=1.0) or 1.0
    for place, unit in enumerate(network.units, start=network.inputs):
        for source, weight in unit.reads:
            (x0, y0), (x1, y1) = at[source], at[place]
            colour, style = (BLUE, "-") if weight >= 0 else (VERMILION, "--")
            width = 0.5 + 2.6 * abs(weight) / widest
            axes.plot([x0, x1], [y0, y1], color=colour, linestyle=style, linewidth=width, alpha=0.75, zorder=1)
    first_output = len(places) - network.outputs
    for place, (x, y) in enumerate(at):
        kind = ORANGE if place >= first_output else GREEN if place >= network.inputs else QUIET
        axes.scatter(
            [x], [y], s=230, color=PAPER, edgecolors=kind, linewidths=2.0, zorder=2, urls=[_url(network, place)]
        )
        text = f"x{place}" if place < network.inputs else network.units[place - network.inputs].activation[:2]
        axes.text(x, y, text, ha="center", va="center_baseline", fontsize=7.5, color=INK if text else MUTED, zorder=3)
    axes.set_xlim(-0.4, max(x for x, _ in at) + 0.4)
    axes.set_ylim(tallest / 2 + 0.1, -tallest / 2 - 0.1)


def _url(network: NeuralNetwork, place: int) -> str | None:
    return f"#neuron-{place}" if place >= network.inputs else None


def _tip(network: NeuralNetwork, place: int) -> str:
    unit = network.units[place - network.inputs]
    reads = [f"{'x' if source < network.inputs else 'n'}{source}: {weight:.3g}" for source, weight in unit.reads[:12]]
    return "\n".join([f"n{place}: {unit.activation}, bias {unit.bias:.3g}", *reads])
