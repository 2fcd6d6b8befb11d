"""The table of all trials, and the table of the best network's layers."""

from nas_cli.reports.blocks import Layer, shape_text
from nas_cli.reports.history import History, Trial
from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import DASH, count, decimal, duration
from nas_cli.reports.page.elements import Cell, Column, Row, table


def trials_table(history: History) -> str:
    """One row per trial, sortable; nothing without trials.

    Networks that were compressed before their training show their FLOPs before and after.
    """
    if not history.trials:
        return ""
    compressed = any(trial.event.get("trained") for trial in history.trials)
    columns = [
        Column("trial"),
        Column("generation"),
        Column(f"valid {history.measure.label}"),
        Column("valid loss"),
        Column(f"train {history.measure.label}"),
        Column("epochs"),
        *([Column("FLOPs before")] if compressed else []),
        Column("FLOPs"),
        Column("parameters"),
        Column("time"),
        Column("outcome", "text prose"),
    ]
    best = history.best
    return table(columns, [_trial_row(history, trial, trial is best, compressed) for trial in history.trials])


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


def _trial_row(history: History, trial: Trial, best: bool, compressed: bool) -> Row:
    measure = history.measure
    score, train = history.score(trial), finite(trial.metrics.get(f"train_{measure.name}"))
    loss, epochs = finite(trial.metrics.get("valid_loss")), finite(trial.metrics.get("epochs"))
    params, seconds = finite(trial.cost.get("params")), finite(trial.event.get("seconds"))
    failure = f"failed: {trial.reason or 'no reason recorded'}"
    outcome = failure if trial.fitness is None else "best" if best else "ok"
    cells = [
        Cell(str(trial.id), trial.id),
        Cell(str(trial.generation), trial.generation),
        number_cell(score, measure.text(score)),
        number_cell(loss, decimal(loss)),
        number_cell(train, measure.text(train)),
        number_cell(epochs, DASH if epochs is None else f"{epochs:g}"),
        *([number_cell(trial.full_flops, count(trial.full_flops))] if compressed else []),
        number_cell(trial.flops, count(trial.flops)),
        number_cell(params, count(params)),
        number_cell(seconds, duration(seconds)),
        Cell(outcome, outcome),
    ]
    kind = "best" if best else "failed" if trial.fitness is None else ""
    return Row(cells, anchor=f"trial-{trial.id}", kind=kind)
