"""Tables of an analysis of several runs: groups, importance, fronts, correlations."""

from collections.abc import Mapping, Sequence
from itertools import islice

from nas_cli.reports.correlation import Correlation
from nas_cli.reports.courses import simulated_seconds
from nas_cli.reports.fronts import Fronts
from nas_cli.reports.importance import Importance
from nas_cli.reports.intervals import Interval, mean_interval
from nas_cli.reports.measure import Measure
from nas_cli.reports.numbers import DASH, duration
from nas_cli.reports.outcome import test_value, wall_seconds
from nas_cli.reports.page.elements import Cell, Column, Row, table
from nas_cli.reports.page.trials_table import number_cell
from nas_cli.reports.plots.correlation import rank_text
from nas_cli.reports.plots.fronts import value_text
from nas_cli.reports.source import Source

ROWS = 200
"""Rows of a table of fronts, at most; front.csv has all."""


def groups_table(groups: Mapping[str, Sequence[Source]]) -> str:
    """One row per group of runs: means over its runs with their intervals."""
    columns = [
        Column("group", "text prose"),
        Column("runs"),
        Column("trials"),
        Column("best validation"),
        Column("test"),
        Column("wall time"),
        Column("simulated time"),
    ]
    simulated = any(simulated_seconds(source.history) is not None for group in groups.values() for source in group)
    rows = [_group_row(name, group) for name, group in groups.items()]
    if not simulated:
        return table(columns[:-1], [Row(row.cells[:-1]) for row in rows])
    return table(columns, rows)


def interval_text(measure: Measure, found: Interval) -> str:
    """'93.71 % ± 0.12'; with two numbers '93.71 % (93.5 to 93.9)'."""
    scale = measure.scale
    if found.count == 1:
        return measure.text(found.mean)
    digits = 2 if measure.unit == "%" else 4
    if found.count == 2:
        return f"{measure.text(found.mean)} ({found.low * scale:.{digits}f} to {found.high * scale:.{digits}f})"
    return f"{measure.text(found.mean)} ± {(found.high - found.mean) * scale:.{digits}f}"


def importance_table(found: Importance) -> str:
    """One row per decision, and one for the rest."""
    columns = [Column("decision", "text prose"), Column("share", "bar"), Column("middle 90 % of the trees")]
    rows = [
        Row([
            Cell(effect.name, effect.name),
            Cell(f"{100 * effect.share:.1f} %", effect.share, effect.share),
            Cell(f"{100 * effect.low:.1f} to {100 * effect.high:.1f} %", effect.low),
        ])
        for effect in found.effects
    ]  # fmt: skip
    rest = Row(
        [
            Cell("rest: interactions, noise", "rest"),
            Cell(f"{100 * found.rest:.1f} %", found.rest, found.rest),
            Cell(DASH),
        ]
    )
    return table(columns, [*rows, rest])


def volumes_table(found: Fronts) -> str:
    """One row per run: points on its front, hypervolume, and its share of the box."""
    columns = [Column("run", "text"), Column("on the front"), Column("hypervolume"), Column("of the box", "bar")]
    rows = []
    for run in found.runs:
        volume = found.volume(run)
        share = found.share(volume)
        cells = [
            Cell(run.source.name, run.source.name),
            Cell(str(len(run.chosen)), len(run.chosen)),
            Cell(f"{volume:.6g}", volume),
            Cell(f"{100 * share:.2f} %", share, share),
        ]
        rows.append(Row(cells))
    return table(columns, rows)


def front_table(found: Fronts) -> str:
    """The trials on the runs' fronts with their objectives, the first `ROWS` of them."""
    columns = [Column("run", "text"), Column("trial"), *(Column(objective.name) for objective in found.objectives)]
    pairs = ((run, at) for run in found.runs for at in run.chosen)
    rows = []
    for run, at in islice(pairs, ROWS):
        values = [o.sign * float(value) for o, value in zip(found.objectives, run.points[at], strict=True)]
        objectives = [Cell(value_text(o, v), v) for o, v in zip(found.objectives, values, strict=True)]
        rows.append(
            Row([Cell(run.source.name, run.source.name), Cell(str(run.trials[at].id), run.trials[at].id), *objectives])
        )
    return table(columns, rows)


def correlation_table(found: Sequence[Correlation]) -> str:
    """One row per pair of evaluations."""
    columns = [Column("evaluation", "text prose"), Column("against", "text prose"), Column("candidates"),
               Column("Kendall's tau"), Column("Spearman's rho"), Column("overlap of the best")]  # fmt: skip
    rows = [
        Row([
            Cell(pair.cheap.name, pair.cheap.name),
            Cell(pair.dear.name, pair.dear.name),
            Cell(str(pair.count), pair.count),
            number_cell(pair.kendall.value, rank_text(pair.kendall)),
            number_cell(pair.spearman.value, rank_text(pair.spearman)),
            Cell(f"{100 * pair.overlap:.0f} % of {pair.top}", pair.overlap),
        ])
        for pair in found
    ]  # fmt: skip
    return table(columns, rows)


def _group_row(name: str, group: Sequence[Source]) -> Row:
    measure, tested = group[0].history.measure, group[0].history.tested
    counts = sorted({len(source.history.trials) for source in group})
    valid = _mean([source.best_valid for source in group])
    test = _mean([test_value(source.history) for source in group])
    wall = _mean([wall_seconds(source.history) for source in group])
    simulated = _mean([simulated_seconds(source.history) for source in group])
    cells = [
        Cell(name, name),
        Cell(str(len(group)), len(group)),
        Cell(str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}", counts[0]),
        _interval_cell(measure, valid),
        _interval_cell(tested, test),
        number_cell(wall.mean if wall else None, duration(wall.mean if wall else None)),
        number_cell(simulated.mean if simulated else None, duration(simulated.mean if simulated else None)),
    ]
    return Row(cells)


def _mean(values: Sequence[float | None]) -> Interval | None:
    known = [value for value in values if value is not None]
    return mean_interval(known) if known else None


def _interval_cell(measure: Measure, found: Interval | None) -> Cell:
    return Cell(DASH) if found is None else Cell(interval_text(measure, found), found.mean)
