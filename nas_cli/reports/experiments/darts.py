"""`results/darts/`: what DARTS derives on NAS-Bench-201, whose table knows the answer, and in its own cell space."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from nas_cli.errors import RunError
from nas_cli.reports.experiments.darts_cells import cell_rows, cell_searches
from nas_cli.reports.experiments.darts_table import (
    COLLAPSED,
    RANDOM,
    epoch_rows,
    epochs_plot,
    final_table,
    finals,
    random_choice,
)
from nas_cli.reports.experiments.made import of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.one_shot_table import rank_rows
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.plots.structure import structure_plots
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.source import Source, load
from nas_cli.reports.structure import Structure
from nas_cli.reports.structure_verdict import structure_verdicts
from nas_cli.runs.folder import CONFIG
from nas_cli.spaces.table_file import Table

BENCH, CELL = "nasbench201", "cell"
ONE_SHOT = "one_shot"
ARMS = {"first": "first order", "second": "second order", ONE_SHOT: "one-shot"}
SHOWN = ("structure_loss", "structure_accuracy", "structure_entropy", "structure_skips", "structure_cell_")
"""Figures of a run that the page has."""


def build_darts(root: Path, table: Table, out: Path, command: str) -> list[Path]:
    """The files written under `out` from the complete runs <part>/<arm>-<number>/ under `root`; `command` made them.

    Raises:
        RunError: if there is no complete run, or `out` cannot be written.
    """
    runs = {part: found_runs(root / part) for part in (BENCH, CELL)}
    if not any(runs.values()):
        raise RunError(f"no complete runs in {root}: run the experiment first.")
    epochs = pd.DataFrame(
        [row for arm, run in _each(runs[BENCH]) if arm != ONE_SHOT for row in epoch_rows(arm, run, table)]
    )
    ranks = pd.DataFrame([row for run in runs[BENCH].get(ONE_SHOT, ()) for row in rank_rows(run, table)])
    cells = pd.DataFrame([row for arm, run in _each(runs[CELL]) for row in cell_rows(arm, run)])
    plots = _plots(runs[CELL]) + ([] if epochs.empty else [epochs_plot(epochs, table)])
    texts = {
        f"{name}.csv": rows.to_csv(index=False)
        for name, rows in ((BENCH, epochs), (ONE_SHOT, ranks), (CELL, cells))
        if not rows.empty
    }
    texts["README.md"] = _page(runs, epochs, ranks, cells, table, plots, command)
    made = [of_runs(part, [run for _, run in _each(found)]) for part, found in runs.items() if found]
    return write_results(out, texts, plots, made)


def found_runs(folder: Path) -> dict[str, list[Source]]:
    """The complete runs of each arm."""
    found: dict[str, list[Source]] = {}
    for arm in ARMS:
        for config in sorted(folder.glob(f"{arm}-*/{CONFIG}")):
            source = load(config.parent)
            if source.status == "completed" and Structure(source.history).searches:
                found.setdefault(arm, []).append(source)
    return found


def _each(runs: dict[str, list[Source]]) -> list[tuple[str, Source]]:
    return [(arm, run) for arm, found in runs.items() for run in found]


def _plots(runs: dict[str, list[Source]]) -> list[Plot]:
    """Curves and drawn cells of the first run of each arm in the cell space."""
    plots = []
    for arm, found in runs.items():
        for plot in structure_plots(Structure(found[0].history)):
            if plot.name.startswith(SHOWN):
                name = plot.name.replace("structure", arm, 1)
                plots.append(replace(plot, name=name, title=f"{plot.title}, {ARMS[arm]}"))
    return plots


def _page(
    runs: dict[str, dict[str, list[Source]]],
    epochs: pd.DataFrame,
    ranks: pd.DataFrame,
    cells: pd.DataFrame,
    table: Table,
    plots: Sequence[Plot],
    command: str,
) -> str:
    parts = ["# DARTS", f"Made by `{command}` from the journals of its runs, which are reduced: see the last table."]
    if not epochs.empty:
        parts += [
            "## On NAS-Bench-201",
            "The supernet is trained on CIFAR-10; the accuracy of what it derives is the published one of that cell "
            "(test, 200 epochs of training), for every epoch in [nasbench201.csv](nasbench201.csv). "
            f"`{RANDOM}` is every cell of the table with equal probability. Published for first-order DARTS: "
            f"{COLLAPSED:.2f} %, the cell of skip connections alone.",
            markdown(final_table(epochs, table)),
            "\n".join(f"* {text}" for text in [*finals(epochs, table), *_random_searches(runs[BENCH], table)]),
        ]
    if not ranks.empty:
        parts += [
            "## How well a supernet ranks cells",
            "A supernet trained on one random cell per step scores cells with its weights, on the half of the training "
            "images that did not train them; beside it the published test accuracy of the same cells. A row is a "
            "search with a supernet of its own; `chosen` is the accuracy of the cell with the best score, `mean` that "
            "of all cells scored.",
            markdown(ranks),
        ]
    if not cells.empty:
        parts += [
            "## In the space of cells",
            "Derived networks beside random ones that were trained in the same way, validation accuracy; every network "
            "is in [cell.csv](cell.csv).",
            markdown(cell_searches(cells)),
            "\n".join(
                f"* {ARMS[arm]}: {text}"
                for arm, run in _each(runs[CELL])
                for text in structure_verdicts(Structure(run.history))
            ),
        ]
    sources = [(part, arm, run) for part, found in runs.items() for arm, run in _each(found)]
    parts += ["## Sizes", markdown(pd.DataFrame([_sizes(part, arm, run) for part, arm, run in sources]))]
    parts += [f"![{plot.title}]({plot.name}.png)\n\n{plot.caption}" for plot in plots]
    return "\n\n".join(parts) + "\n"


def _random_searches(runs: dict[str, list[Source]], table: Table) -> list[str]:
    """What random search makes of as many cells as each run drew."""
    found = [(arm, choice) for arm, run in _each(runs) if (choice := random_choice(run, table))]
    return [
        f"random search beside the {ARMS[arm]}, the best of {choice['cells']} cells by validation after 12 epochs: "
        f"{choice['accuracy']:.2f} %, at the price of {choice['cells']} such trainings."
        for arm, choice in found
    ]


def _sizes(part: str, arm: str, source: Source) -> dict[str, Any]:
    config, environment = source.config, source.environment
    space, strategy = (config.get(name) or {} for name in ("space", "strategy"))
    run = Structure(source.history)
    ratio = run.cost.get("ratio")
    return {
        "space": part,
        "arm": arm,
        "training examples": source.history.dataset.get("train"),
        "channels": space.get("channels"),
        "cells": space.get("cells") or space.get("layers"),
        "search epochs": strategy.get("epochs"),
        "searches": len(run.searches),
        "minutes per search": round(sum(search.seconds for search in run.searches) / 60 / len(run.searches), 2),
        "epoch / ordinary network's": None if ratio is None else round(float(ratio), 2),
        "hardware": f"{environment.get('cpu')}, {environment.get('cores')} cores",
    }
