"""comparison.html of several runs."""

from collections.abc import Sequence

from nas_cli.reports.grouping import traits
from nas_cli.reports.numbers import count, duration
from nas_cli.reports.outcome import wall_seconds
from nas_cli.reports.page.elements import (
    Cell,
    Column,
    Row,
    card,
    document,
    escape,
    figure,
    grid,
    notice,
    section,
    table,
)
from nas_cli.reports.page.headline import test_value
from nas_cli.reports.page.reproducibility import provenance
from nas_cli.reports.page.trials_table import number_cell
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.source import Source

EVALUATION = ("training.", "estimator.", "space.", "augmentation.")
"""Settings of what a network can be and how it is trained: another strategy is compared fairly if these are equal."""


def comparison_page(sources: Sequence[Source], plots: Sequence[Plot]) -> str:
    """The page as text."""
    title = f"nas · {len(sources)} runs compared" if len(sources) != 1 else "nas · 1 run"
    body = [notice(text) for text in differences(sources)]
    body.append(section("figures", "Results", grid(figure(plot) for plot in plots)))
    body.append(section("runs", "Runs", card(_table(sources))))
    lead = ", ".join(dict.fromkeys(source.dataset for source in sources if source.dataset))
    head = f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>'
    return document(title, head, "\n".join(body), "Made by nas report from the journals of the runs.")


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
        found.append("These runs have different measures (accuracy and RMSE): the figures show both on one axis.")
    if settings := _settings_that_differ(sources):
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
    if any("unverified" in provenance(source.history) for source in sources):
        found.append("Some runs used an unverified subset of their data set.")
    return found


def _settings_that_differ(sources: Sequence[Source]) -> list[str]:
    """'training.epochs (4 or 9)': every setting of how networks are made and trained that is not one for all runs."""
    found = [traits(source) for source in sources]
    keys = dict.fromkeys(key for own in found for key in own if key.startswith(EVALUATION))
    values = {key: list(dict.fromkeys(own.get(key, "absent") for own in found)) for key in keys}
    return [f"{key} ({' or '.join(several)})" for key, several in values.items() if len(several) > 1]


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
