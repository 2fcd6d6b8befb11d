"""summary.json and the CSV files of a comparison of optimizers."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.bench.rows import csv_text
from nas_cli.reports.learning_rates import hypothesis_sentence, rate_hypothesis
from nas_cli.reports.optimizer_statements import UNTESTED, judge, statements
from nas_cli.reports.optimizer_study import TITLES, Study
from nas_cli.runs.sessions import wall_seconds

VERSION = 1

ROW_COLUMNS = (
    "protocol", "optimizer", "batch_size", "initializer", "rate", "rate_at_edge", "seeds", "diverged", "epochs",
    "test_accuracy", "test_accuracy_low", "test_accuracy_high", "test_loss", "test_loss_low", "test_loss_high",
    "train_accuracy", "train_accuracy_low", "train_accuracy_high", "train_loss", "train_loss_low", "train_loss_high",
    "converged_epoch", "epoch_seconds", "epoch_seconds_low", "epoch_seconds_high",
)  # fmt: skip
CURVE_COLUMNS = (
    "protocol", "optimizer", "batch_size", "initializer", "rate", "seed", "epoch", "train_accuracy", "test_accuracy",
    "train_loss", "test_loss", "seconds",
)  # fmt: skip
CHOSEN = ("optimizer", "rate", "at_edge", "tried")
STATEMENT_COLUMNS = ("statement", "figures", "protocol", "verdict", "measured", "source")


def summarise(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The content of summary.json, version 1.

    Keys: version, command, mode, status, seed, wall_seconds (over all sessions, without the pauses), trials (trainings
    that ended), failed (those that diverged), best (null: nothing is chosen by test values), optimizers {rows (see
    ROW_COLUMNS), chosen [{optimizer, rate, at_edge, tried [[rate, validation accuracy]]}], statements (see
    STATEMENT_COLUMNS), hypothesis (see `rate_hypothesis`, null without both protocols), asked}.
    """
    study = Study(events)
    last = {event["event"]: event for event in events}
    stop = last.get("stop", {})
    ended = [event for event in events if event["event"] == "trained"]
    return {
        "version": VERSION,
        "command": "bench",
        "mode": "optimizers",
        "status": "completed" if "end" in last else stop.get("status", "interrupted"),
        "seed": study.start["seed"],
        "wall_seconds": wall_seconds(events),
        "trials": len(ended),
        "failed": sum(not event["final"] for event in ended),
        "best": None,
        "optimizers": {
            "rows": study.rows(),
            "chosen": [{key: event[key] for key in CHOSEN} for event in study.chosen.values()],
            "statements": verdict_rows(study),
            "hypothesis": rate_hypothesis(study),
            "asked": dict(study.asked),
        },
    }  # fmt: skip


def verdict_rows(study: Study) -> list[dict[str, Any]]:
    """The article's statements beside what the study shows, for each protocol that it has."""
    rows = []
    for protocol in study.protocols():
        for statement in statements():
            found = judge(statement, study, protocol)
            rows.append(
                {
                    "statement": statement.text,
                    "figures": " ".join(statement.figures),
                    "protocol": protocol,
                    "verdict": found.verdict,
                    "measured": found.measured,
                    "source": statement.source,
                }
            )
    return rows


def csv_files(study: Study) -> dict[str, str]:
    """By file name: the rows, the curves of every training, the tried rates, the statements."""
    rates = [
        {"optimizer": event["optimizer"], "rate": rate, "valid_accuracy": score, "chosen": rate == event["rate"]}
        for event in study.chosen.values()
        for rate, score in event["tried"]
    ]
    return {
        "optimizers.csv": csv_text(study.rows(), ROW_COLUMNS),
        "curves.csv": csv_text(_curve_rows(study), CURVE_COLUMNS),
        "rates.csv": csv_text(rates, ("optimizer", "rate", "valid_accuracy", "chosen")),
        "statements.csv": csv_text(verdict_rows(study), STATEMENT_COLUMNS),
    }


def _curve_rows(study: Study) -> list[dict[str, Any]]:
    trainings = [event for seeds in study.trained.values() for event in seeds.values()]
    return [
        {**{key: training[key] for key in CURVE_COLUMNS[:6]}, **epoch}
        for training in trainings
        for epoch in study.epochs.get(training["training"], [])
    ]


def row_label(row: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """'Adam', 'Adam, batch 512', 'Adam, he_normal'."""
    parts = [TITLES.get(row["optimizer"], row["optimizer"])]
    parts += [f"batch {row['batch_size']}"] if row["batch_size"] != asked.get("batch_size") else []
    parts += [row["initializer"]] if row["initializer"] != asked.get("initializer") else []
    return ", ".join(parts)


def shown_interval(row: Mapping[str, Any], measure: str, factor: float = 1.0, digits: int = 1) -> str:
    """'61.2 (60.1 to 62.3)'; '-' where every training diverged."""
    if row[measure] is None:
        return "-"
    mean, low, high = (factor * row[f"{measure}{end}"] for end in ("", "_low", "_high"))
    return f"{mean:.{digits}f}" + ("" if row["seeds"] == 1 else f" ({low:.{digits}f} to {high:.{digits}f})")


def table_lines(block: Mapping[str, Any]) -> list[str]:
    """The rows, the statements and the hypothesis, as lines of text."""
    asked = block["asked"]
    lines = [f"{'protocol':<10}{'optimizer':<34}{'rate':>9}  {'test accuracy %':<25}{'test loss':<27}{'s/epoch':>8}"]
    for row in block["rows"]:
        diverged = f"  {row['diverged']} of {row['seeds']} diverged" if row["diverged"] else ""
        seconds = "-" if row["epoch_seconds"] is None else f"{row['epoch_seconds']:.1f}"
        lines.append(
            f"{row['protocol']:<10}{row_label(row, asked):<34}{row['rate']:>9g}  "
            f"{shown_interval(row, 'test_accuracy', 100):<25}{shown_interval(row, 'test_loss', 1, 3):<27}{seconds:>8}"
            f"{'  rate at the edge of those tried' if row['rate_at_edge'] else ''}"
            f"{diverged}"
        )
    tested = [row for row in block["statements"] if row["verdict"] != UNTESTED]
    for row in tested:
        lines.append(f"{row['verdict']:<21}{row['protocol']:<8}{row['statement']} ({row['measured']})")
    if untested := len(block["statements"]) - len(tested):
        lines.append(f"{untested} of {len(block['statements'])} statements of the article are not tested by this run")
    return [*lines, hypothesis_sentence(block["hypothesis"])] if block["hypothesis"] else lines
