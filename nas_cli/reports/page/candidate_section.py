"""The chosen candidate: drawing of its layers or neurons, and tables of what it is made of."""

from nas_cli.reports.blocks import blocks_of, layers_of
from nas_cli.reports.candidate import neural_network, point
from nas_cli.reports.outline import outline
from nas_cli.reports.page.elements import Cell, Column, Row, card, drawing, folded, table
from nas_cli.reports.page.outline_list import outline_list
from nas_cli.reports.page.trials_table import decisions_table, layers_table
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.source import Source
from nas_cli.spaces.neural_network import NeuralNetwork

WHOLE = 14
"""Boxes up to which a network is drawn at once; a larger one is folded."""
BESIDE = 7.3
"""Inches of a drawing that still leaves room for the table of layers beside it."""


def candidate_section(source: Source, plots: list[Plot]) -> str:
    """Drawing and tables; nothing if the journal has no candidate."""
    decisions = point(source)
    made = card(decisions_table(decisions)) if decisions else ""
    return _network(source, plots) + _neurons(source, plots) + made


def _network(source: Source, plots: list[Plot]) -> str:
    network = source.architecture
    if network is None:
        return ""
    blocks, layers = blocks_of(network), layers_of(network)
    if len(blocks) <= WHOLE:
        return _beside(plots, "architecture", layers_table(layers))
    whole = "".join(drawing(plot) for plot in plots if plot.name == "architecture")
    return card(
        outline_list(outline(blocks)),
        folded(f"The whole drawing, {len(blocks)} boxes", whole),
        folded(f"All {len(layers)} layers", layers_table(layers)),
    )


def _neurons(source: Source, plots: list[Plot]) -> str:
    network = neural_network(source)
    return "" if network is None else _beside(plots, "network", neurons_table(network))


def _beside(plots: list[Plot], name: str, listing: str) -> str:
    plot = next((plot for plot in plots if plot.name == name), None)
    if plot is None:
        return card(listing)
    kind = "architecture" if plot.width < BESIDE else "architecture below"
    return f'<div class="{kind}">{drawing(plot)}{card(listing)}</div>'


def neurons_table(network: NeuralNetwork) -> str:
    """One row per neuron: activation, bias, and what it reads with which weight."""
    rows = []
    for place, unit in enumerate(network.units, start=network.inputs):
        output = place >= network.inputs + len(network.units) - network.outputs
        reads = ", ".join(
            f"{'x' if source < network.inputs else 'n'}{source} · {weight:.3g}" for source, weight in unit.reads
        )
        name = f"n{place}" + (" (output)" if output else "")
        cells = [Cell(name), Cell(unit.activation), Cell(f"{unit.bias:.3g}", unit.bias), Cell(reads)]
        rows.append(Row(cells, anchor=f"neuron-{place}"))
    columns = [Column("neuron", "text"), Column("activation", "text"), Column("bias"), Column("reads", "text prose")]
    return table(columns, rows, sortable=False)
