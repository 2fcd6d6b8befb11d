"""What must be said of a search of a structure: if it was better than chance, and if it collapsed."""

from nas_cli.reports.cells import ALONE, CellGraph
from nas_cli.reports.intervals import Interval, difference_interval
from nas_cli.reports.measure import Measure
from nas_cli.reports.structure import FOUND, Structure, StructureSearch

COLLAPSED = 0.5
"""The share of a cell's operations that are skip connections from which on we call it a collapse. DARTS+ (Liang et al.
2019, arXiv:1909.06035) already stops at two of the eight of a normal cell."""


def structure_verdicts(run: Structure) -> list[str]:
    """Sentences for the reader, the comparison with random networks first; none before there is anything to say."""
    if not run.searches:
        return []
    found = [against_random(run)]
    found += [text for search in run.searches for text in collapses(run, search)]
    return [text for text in found if text]


def against_random(run: Structure) -> str:
    """If the chosen networks are better than the random ones of the same run; empty before any was trained."""
    chosen, random = run.values(*FOUND), run.values("random")
    name = "derived" if run.trials("derived") else "chosen"
    if not chosen:
        return ""
    if not random:
        return (
            f"No random network was evaluated: whether the search found more than chance cannot be said of {name} ones."
        )
    measure = run.history.measure
    gain = difference_interval(chosen, random)
    better = measure.better(gain.mean, 0.0)
    sides = f"{measure.title}, mean of {len(chosen)} {name}: {_mean(measure, chosen)}, of {len(random)} random: "
    sides += _mean(measure, random)
    if not better:
        return f"The {name} networks are not better than random ones ({sides})."
    if gain.count == 0:
        return f"The {name} networks are ahead of random ones ({sides}), but of so few nothing can be concluded."
    if _holds_zero(gain):
        return (
            f"The {name} networks are ahead of random ones ({sides}), but the 95 % interval of the difference, "
            f"{_range(measure, gain)}, holds zero: chance explains it."
        )
    return f"The {name} networks are better than random ones ({sides}; difference {_range(measure, gain)})."


def collapses(run: Structure, search: StructureSearch) -> list[str]:
    """Sentences on derived cells that are mostly skip connections, and on those that nothing leads through."""
    graphs = run.graphs(search)
    dead = [_cell(graph) for graph in graphs if not graph.live]
    mostly = [f"{g.skips} of {len(g.chosen)} operations of {_cell(g)}" for g in graphs if g.live and collapsed(g)]
    texts = [
        f"Search {search.number}: no way leads through {cell} that was derived; it is a constant." for cell in dead
    ]
    if mostly:
        texts.append(f"Search {search.number} collapsed to skip connections: {', '.join(mostly)} that was derived.")
    return texts


def _cell(graph: CellGraph) -> str:
    return f"the {graph.kind}" if graph.kind in ALONE else f"the {graph.kind} cell"


def collapsed(graph: CellGraph) -> bool:
    """True if at least half of a cell's operations are skip connections."""
    return bool(graph.chosen) and graph.skips >= COLLAPSED * len(graph.chosen)


def _mean(measure: Measure, values: list[float]) -> str:
    return measure.text(sum(values) / len(values))


def _holds_zero(gain: Interval) -> bool:
    return gain.low <= 0.0 <= gain.high


def _range(measure: Measure, gain: Interval) -> str:
    unit = " points" if measure.unit == "%" else ""
    digits = 2 if measure.unit == "%" else 4
    return f"{gain.low * measure.scale:+.{digits}f} to {gain.high * measure.scale:+.{digits}f}{unit}".replace("-", "−")
