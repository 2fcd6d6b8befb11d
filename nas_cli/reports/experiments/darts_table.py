"""What NAS-Bench-201's table says of the cells that DARTS derived after each epoch, beside random cells."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nas_cli.reports.intervals import mean_interval
from nas_cli.reports.plots.style import DASHES, INK, QUIET, SERIES, WIDTH, Plot, fitting_legend, whole_steps
from nas_cli.reports.source import Source
from nas_cli.reports.structure import Structure, origin, sign_value
from nas_cli.spaces.nasbench201 import EDGES, to_arch
from nas_cli.spaces.table_file import Table

TEST, SELECT = "c10_test_200ep", "c10_val_12ep"
RANDOM = "random cells"
COLLAPSED = 54.30
"""Test accuracy of the cell of skip connections alone, which Dong & Yang 2020 report for first-order DARTS."""

SKIPS_ONLY = ("skip_connect",) * len(EDGES)


def epoch_rows(arm: str, source: Source, table: Table) -> Iterator[dict[str, Any]]:
    """A row per search and epoch of a run: the derived cell, its published test accuracy, its skip connections.

    `accuracy` is empty for a cell that the table lacks. The seed of a row tells the run and the search in it.
    """
    accuracies = table.numbers(TEST)
    run = Structure(source.history)
    for search in run.searches:
        for epoch in search.epochs:
            cell = epoch["genotype"]
            row = table.row(cell)
            yield {
                "arm": arm,
                "seed": f"{source.history.start.get('seed', 0)}.{search.number}",
                "epoch": int(epoch["epoch"]),
                "cell": to_arch(tuple(cell[f"edge_{i}_{j}"] for i, j in EDGES)),
                "accuracy": None if row is None else float(accuracies[row]),
                "skips": sum(name == "skip_connect" for name in cell.values()),
                "none": sum(name == "none" for name in cell.values()),
                "valid_accuracy": epoch.get("valid_accuracy"),
                "entropy": sign_value(epoch, "entropy", "cell"),
                "seconds": epoch.get("seconds"),
            }


def random_choice(source: Source, table: Table) -> dict[str, Any] | None:
    """What a random search had chosen from a run's random cells, by the table's validation accuracy after 12 epochs.

    None for a run without random cells.
    """
    rows = [table.row(origin(trial).get("genotype") or {}) for trial in Structure(source.history).trials("random")]
    known = [row for row in rows if row is not None]
    if not known:
        return None
    chosen = max(known, key=lambda row: float(table.numbers(SELECT)[row]))
    return {"cells": len(known), "accuracy": float(table.numbers(TEST)[chosen])}


def last_epochs(epochs: pd.DataFrame) -> pd.DataFrame:
    """The last epoch of every search."""
    return epochs.sort_values("epoch").groupby(["arm", "seed"], sort=False).tail(1)


def final_table(epochs: pd.DataFrame, table: Table) -> pd.DataFrame:
    """A row per arm, and one for random cells: test accuracy of what was derived at the end, and how it got there.

    best_epoch: the mean over the searches of the best accuracy that any epoch pointed at, which a search cannot know.
    below: share of the table's cells that are worse than the mean, in percent.
    """
    every, last, rows = table.numbers(TEST), last_epochs(epochs), []
    for arm, group in last.groupby("arm", sort=False):
        values = [float(value) for value in group.accuracy.dropna()]
        if not values:
            continue
        found, own = mean_interval(values), epochs[epochs.arm == arm]
        rows.append(
            {
                "arm": arm,
                "searches": len(values),
                "accuracy": round(found.mean, 2),
                "low": round(found.low, 2),
                "high": round(found.high, 2),
                "worst": round(min(values), 2),
                "best": round(max(values), 2),
                "best_epoch": round(float(own.groupby("seed").accuracy.max().mean()), 2),
                "skips": round(float(group.skips.mean()), 2),
                "only_skips": int((group.skips == len(EDGES)).sum()),
                "below": round(100 * float(np.mean(every < found.mean)), 1),
            }
        )
    rows.append(_random_row(table))
    return pd.DataFrame(rows)


def _random_row(table: Table) -> dict[str, Any]:
    every, columns = table.numbers(TEST), [decision.name for decision in table.decisions]
    skips = [sum(name == "skip_connect" for name in values) for values in table.rows]
    return {
        "arm": RANDOM,
        "searches": len(table.rows),
        "accuracy": round(float(every.mean()), 2),
        "worst": round(float(every.min()), 2),
        "best": round(float(every.max()), 2),
        "skips": round(float(np.mean(skips)), 2),
        "only_skips": sum(count == len(columns) for count in skips),
        "below": round(100 * float(np.mean(every < every.mean())), 1),
    }


def finals(epochs: pd.DataFrame, table: Table) -> list[str]:
    """A sentence per arm: whether it collapsed, and whether it beat a cell drawn at random."""
    every, texts = table.numbers(TEST), []
    rows: list[dict[Any, Any]] = final_table(epochs, table).to_dict("records")
    for row in rows:
        if row["arm"] == RANDOM:
            continue
        texts.append(f"{row['arm']} order: {_collapse(row)}; {_against(row, float(every.mean()))}.")
    return texts


def _collapse(row: Mapping[Any, Any]) -> str:
    only, searches = row["only_skips"], row["searches"]
    if only == searches:
        return f"all {searches} searches ended in skip connections alone, as published ({COLLAPSED:.2f} %)"
    if only:
        return f"{only} of {searches} searches ended in skip connections alone ({COLLAPSED:.2f} %)"
    return f"no search ended in skip connections alone, {row['skips']:g} of {len(EDGES)} edges have one on average"


def _against(row: Mapping[Any, Any], random: float) -> str:
    name = f"a cell drawn at random ({random:.2f} % on average)"
    if row["searches"] < 3:
        return f"{row['accuracy']:.2f} % in {row['searches']} searches, too few to compare with {name}"
    if row["low"] > random:
        return f"{row['accuracy']:.2f} %, better than {name}"
    if row["high"] < random:
        return f"{row['accuracy']:.2f} %, worse than {name}"
    return (
        f"{row['accuracy']:.2f} %, not better than {name}: the interval {row['low']:.2f} to {row['high']:.2f} holds it"
    )


def epochs_plot(epochs: pd.DataFrame, table: Table) -> Plot:
    """Published accuracy of the derived cell against the epoch, a line per search."""
    return Plot(
        "nasbench201_epochs",
        "The derived cell after each epoch",
        "Published test accuracy of the cell that each epoch pointed at; a line is a search. Dashed: mean of all cells "
        "of the table; dotted: the cell of skip connections alone.",
        partial(_draw_epochs, epochs=epochs, random=float(table.numbers(TEST).mean())),
        width=1.6 * WIDTH,
        height=4.0,
    )


def _draw_epochs(figure: Figure, epochs: pd.DataFrame, random: float) -> None:
    axes = figure.subplots()
    for order, (arm, group) in enumerate(epochs.groupby("arm", sort=False)):
        style: dict[str, Any] = {"color": SERIES[order], "linestyle": DASHES[order]}
        for number, (_, line) in enumerate(group.groupby("seed", sort=False)):
            label = f"{arm} order" if number == 0 else "_"
            axes.plot(line.epoch, line.accuracy, marker="o", ms=3, lw=1.3, alpha=0.8, label=label, **style)
    axes.axhline(random, color=INK, linestyle="--", linewidth=1.0, label="mean of all cells")
    axes.axhline(COLLAPSED, color=QUIET, linestyle=":", linewidth=1.6, label="skip connections alone")
    axes.set(xlabel="epoch of the search", ylabel="published test accuracy [%]")
    whole_steps(axes)
    fitting_legend(figure)
