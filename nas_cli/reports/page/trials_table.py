"""The table of trials, the table of the best network's layers, and that of a point's decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nas_cli.reports.blocks import Layer, shape_text
from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import DASH, count, decimal, duration
from nas_cli.reports.page.elements import Cell, Column, Row, table
from nas_cli.reports.thinning import LISTED, listed
from nas_cli.reports.trial import Trial
from nas_cli.spaces.candidate import Scalar


def trials_table(history: History) -> str:
    """One row per trial, sortable, of very many the best; nothing without trials.

    A column that no trial has a value for is left out. Networks that were compressed before their training show their
    FLOPs before and after; points of a space their decisions.
    """
    trials = listed(history)
    if not trials:
        return ""
    best = history.best
    rows = [_trial_row(history, trial, trial is best) for trial in trials]
    shown = [at for at, column in enumerate(_columns(history)) if _told(column, [row.cells[at] for row in rows])]
    columns = [_columns(history)[at] for at in shown]
    return table(columns, [replace(row, cells=[row.cells[at] for at in shown]) for row in rows])


def listing_note(history: History) -> str:
    """What the table leaves out; empty if it has every trial."""
    rest = len(history.trials) - len(listed(history))
    return f"The best {LISTED} of {len(history.trials)} trials; trials.csv has all." if rest else ""


def decisions_table(values: Mapping[str, Scalar]) -> str:
    """One row per decision of a point."""
    rows = [Row([Cell(name, name), Cell(scalar_text(value))]) for name, value in values.items()]
    return table([Column("decision", "text prose"), Column("value", "text prose")], rows, sortable=False)


def scalar_text(value: Scalar) -> str:
    """A value of a decision for people: numbers with at most five digits."""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def layers_table(layers: list[Layer]) -> str:
    """One row per layer: settings, output shape, parameters, multiply-accumulates."""
    columns = [
        Column("", ""),
        Column("layer", "text prose"),
        Column("output", "text"),
        Column("params"),
        Column("MACs"),
    ]
    rows = [
        Row(
            [
                Cell(str(layer.position), layer.position),
                Cell(layer.text, layer.text),
                Cell(shape_text(layer.shape)),
                Cell(count(layer.params) if layer.params else DASH, layer.params),
                Cell(count(layer.macs) if layer.macs else DASH, layer.macs),
            ],
            anchor=f"layer-{layer.position}",
        )
        for layer in layers
    ]
    return table(columns, rows, sortable=False)


def number_cell(value: float | None, text: str) -> Cell:
    """A cell that sorts by the number and shows the text."""
    return Cell(text, "" if value is None else repr(value))


def _columns(history: History) -> list[Column]:
    title = history.measure.title.removeprefix("validation ")
    named = "fitness" if history.measure.name == "fitness" else f"valid {title}"
    return [
        Column("trial"),
        Column("generation"),
        Column(named),
        Column("valid loss"),
        Column(f"train {title}"),
        Column("epochs"),
        Column("budget"),
        Column("FLOPs before"),
        Column("FLOPs"),
        Column("parameters"),
        Column("simulated"),
        Column("time"),
        Column("decisions", "text prose long"),
        Column("outcome", "text prose"),
    ]


ALWAYS = ("trial", "generation", "outcome")


def _told(column: Column, cells: Sequence[Cell]) -> bool:
    if column.title == "FLOPs before":
        return any(cell.share is not None for cell in cells)
    return column.title in ALWAYS or any(cell.value != "" for cell in cells)


def _trial_row(history: History, trial: Trial, best: bool) -> Row:
    measure = history.measure
    score, train = history.score(trial), finite(trial.metrics.get(f"train_{measure.name}"))
    loss, epochs = finite(trial.metrics.get("valid_loss")), finite(trial.metrics.get("epochs"))
    params, seconds = finite(trial.cost.get("params")), finite(trial.event.get("seconds"))
    simulated = finite(trial.metrics.get("simulated_seconds"))
    outcome = _outcome(trial, best)
    point = trial.architecture.get("point")
    decisions = ", ".join(f"{name} {scalar_text(value)}" for name, value in (point or {}).items())
    compressed = 0.0 if trial.event.get("trained") else None
    cells = [
        Cell(str(trial.id), trial.id),
        Cell(str(trial.generation), trial.generation),
        number_cell(score, measure.text(score)),
        number_cell(loss, decimal(loss)),
        number_cell(train, measure.text(train)),
        number_cell(epochs, DASH if epochs is None else f"{epochs:g}"),
        number_cell(trial.budget, DASH if trial.budget is None else str(trial.budget)),
        replace(number_cell(trial.full_flops, count(trial.full_flops)), share=compressed),
        number_cell(trial.flops, count(trial.flops)),
        number_cell(params, count(params)),
        number_cell(simulated, duration(simulated)),
        number_cell(seconds, duration(seconds)),
        Cell(decisions, decisions),
        Cell(outcome, outcome),
    ]
    kind = "best" if best else "failed" if trial.fitness is None else ""
    return Row(cells, anchor=f"trial-{trial.id}", kind=kind)


def _outcome(trial: Trial, best: bool) -> str:
    if trial.fitness is not None:
        return "best" if best else "ok"
    reason = trial.reason or "no reason recorded"
    return reason if reason.startswith("filtered") else f"failed: {reason}"
