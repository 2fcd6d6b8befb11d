"""comparison.html of several runs."""

from collections import Counter
from collections.abc import Mapping, Sequence

from nas_cli.reports.analysis import Analysis
from nas_cli.reports.grouping import by_measure, parted, settings_that_differ
from nas_cli.reports.importance import Importance
from nas_cli.reports.numbers import DASH, count, duration
from nas_cli.reports.outcome import test_value, wall_seconds
from nas_cli.reports.page.analysis_tables import (
    correlation_table,
    front_table,
    groups_table,
    importance_table,
    volumes_table,
)
from nas_cli.reports.page.elements import (
    Cell,
    Column,
    Row,
    anchors,
    card,
    document,
    escape,
    figure,
    folded,
    grid,
    note,
    notice,
    section,
    table,
)
from nas_cli.reports.page.reproducibility import unverified
from nas_cli.reports.page.trials_table import number_cell
from nas_cli.reports.plots.fronts import reference_text
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.source import Source

EVALUATION = ("training.", "estimator.", "space.", "augmentation.")
"""Settings of what a network can be and how it is trained: another strategy is compared fairly if these are equal."""

NAMED = 6
"""Settings that a notice names; the table at the end has all."""
BESIDE = 6
"""Runs that have a column each in the table of settings."""


def comparison_page(analysis: Analysis, plots: Sequence[Plot]) -> str:
    """The page as text; sections without content are left out."""
    sources = analysis.sources
    title = f"nas · {len(sources)} runs compared" if len(sources) != 1 else "nas · 1 run"
    sections = {
        "Results": section("figures", "Results", _results(analysis, plots)),
        "Fronts": section("fronts", "Several objectives", _fronts(analysis, plots)),
        "Decisions": section("importance", "Importance of the decisions", _importance(analysis, plots)),
        "Estimators": section("correlation", "Rank correlation of evaluations", _correlation(analysis, plots)),
        "Runs": section("runs", "Runs", card(_table(sources))),
        "Settings": section("settings", "Settings that differ", _settings(sources)),
    }
    body = [notice(text) for text in [*differences(sources), analysis.no_fronts]] + list(sections.values())
    lead = ", ".join(dict.fromkeys(source.dataset for source in sources if source.dataset))
    head = f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>\n{anchors(sections.items())}'
    return document(title, head, "\n".join(body), "Made by nas report from the journals of the runs.")


RESULTS = ("best_so_far", "chosen_networks", "test_values")


def _results(analysis: Analysis, plots: Sequence[Plot]) -> str:
    figures = grid(figure(plot) for plot in plots if plot.name.startswith(RESULTS))
    if not analysis.groups:
        return figures
    text = "Means over the runs of a group, with their 95 % t intervals; of two runs, their range."
    return figures + card(groups_table(analysis.groups), note(text))


def _fronts(analysis: Analysis, plots: Sequence[Plot]) -> str:
    found = analysis.fronts
    if found is None:
        return ""
    figures = grid(figure(plot) for plot in plots if plot.name in ("fronts", "hypervolume"))
    text = f"Volumes above {reference_text(found)}."
    return figures + grid([card(volumes_table(found), note(text)), card(front_table(found))])


def _importance(analysis: Analysis, plots: Sequence[Plot]) -> str:
    figures = [figure(plot) for plot in plots if plot.name.startswith("importance_")]
    tables = [card(importance_table(pool)) for pool in analysis.importances.values() if isinstance(pool, Importance)]
    pairs = [part for pair in zip(figures, tables, strict=True) for part in pair]
    several = len(analysis.importances) > 1
    said = [
        note(f"{name}: {pool}" if several else pool)
        for name, pool in analysis.importances.items()
        if isinstance(pool, str)
    ]
    return grid(pairs) + "".join(said)


def _correlation(analysis: Analysis, plots: Sequence[Plot]) -> str:
    found = analysis.correlations
    if not found:
        return ""
    text = (
        "Over the candidates that both scored; of a candidate scored several times, the mean. Intervals are 95 % "
        "bootstrap intervals over the candidates. The best are the first tenth by each."
    )
    figures = grid(figure(plot) for plot in plots if plot.name.startswith("correlation_"))
    return card(correlation_table(found), note(text)) + figures


def differences(sources: Sequence[Source]) -> list[str]:
    """What makes the runs unfit for a direct comparison, a sentence each; none if they are fit."""
    found = []
    datasets = sorted({source.dataset or "unknown" for source in sources})
    if len(datasets) > 1:
        found.append(
            f"These runs used different data sets ({', '.join(datasets)}): their accuracies cannot be compared "
            "with each other."
        )
    elif len({source.split for source in sources}) > 1:
        found.append(
            "These runs used different splits of the data: differences between them may come from the split alone."
        )
    if len({source.history.measure.name for source in sources}) > 1:
        names = ", ".join(by_measure(sources))
        found.append(f"These runs have different measures ({names}): each has its own figures, fronts only the first.")
    if settings := _unfair(sources):
        found.append(
            f"These runs also differ in {', '.join(settings)}: what sets them apart may come from there rather than "
            "from the search."
        )
    counts = sorted({len(source.history.trials) for source in sources if source.history.trials})
    if len(counts) > 1:
        found.append(
            f"These runs have different numbers of trials ({counts[0]} to {counts[-1]}): compare them at equal trials. "
            "A mean over runs ends with the shortest."
        )
    unfinished = [source.name for source in sources if source.status != "completed"]
    if unfinished:
        found.append(f"Not complete, so provisional: {', '.join(unfinished)}.")
    if data := sorted({text for source in sources if (text := unverified(source.history))}):
        found.append(f"Some runs used {' or '.join(data)}.")
    return found


def _unfair(sources: Sequence[Source]) -> list[str]:
    """'training.epochs (4 or 9)': settings of how networks are made and trained that are not one for all runs."""
    found = {key: v for part in parted(settings_that_differ(sources)) for key, v in part.items()}
    named = [
        f"{key} ({' or '.join('absent' if value == DASH else value for value in dict.fromkeys(values))})"
        for key, values in found.items()
        if key.startswith(EVALUATION)
    ]
    rest = len(named) - NAMED
    return named if rest <= 0 else [*named[:NAMED], f"{rest} more, which stand below"]


def _settings(sources: Sequence[Source]) -> str:
    """A row per setting that differs: its value in each run, or of many runs how many have which."""
    everywhere, some = parted(settings_that_differ(sources))
    shown = _settings_table(everywhere, sources)
    rest = folded(f"{len(some)} settings that only some of the runs have", _settings_table(some, sources))
    return card(shown, rest) if shown or rest else ""


def _settings_table(differing: Mapping[str, list[str]], sources: Sequence[Source]) -> str:
    beside = len(sources) <= BESIDE
    names = [source.name for source in sources] if beside else ["values"]
    columns = [Column("setting", "text"), *(Column(name, "text prose") for name in names)]
    shown = {key: values if beside else [_counted(values)] for key, values in differing.items()}
    rows = [Row([Cell(text, text) for text in (key, *values)]) for key, values in shown.items()]
    return table(columns, rows, sortable=False) if rows else ""


def _counted(values: Sequence[str]) -> str:
    return ", ".join(f"{value} ({number} runs)" for value, number in Counter(values).most_common())


def _table(sources: Sequence[Source]) -> str:
    columns = [
        Column("run", "text"),
        Column("strategy", "text"),
        Column("data", "text"),
        Column("split", "text"),
        Column("seed"),
        Column("trials"),
        Column("failed"),
        Column("best validation"),
        Column("test"),
        Column("FLOPs"),
        Column("params"),
        Column("wall time"),
        Column("status", "text"),
    ]
    return table(columns, [_row(source) for source in sources])


def _row(source: Source) -> Row:
    history, wall = source.history, wall_seconds(source.history)
    seed = str(history.start.get("seed", ""))
    cells = [
        Cell(source.name, source.name),
        Cell(source.strategy or source.command, source.strategy or source.command),
        Cell(source.dataset, source.dataset),
        Cell(source.split[:8], source.split),
        Cell(seed, seed),
        Cell(str(len(history.trials)), len(history.trials)),
        Cell(str(len(history.failed)), len(history.failed)),
        number_cell(source.best_valid, history.measure.text(source.best_valid)),
        number_cell(test_value(history), history.measure.text(test_value(history))),
        number_cell(source.flops, count(source.flops)),
        number_cell(source.params, count(source.params)),
        number_cell(wall, duration(wall)),
        Cell(source.status, source.status),
    ]
    return Row(cells, anchor=f"run-{source.name}")
