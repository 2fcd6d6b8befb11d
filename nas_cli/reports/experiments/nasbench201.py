"""`results/nasbench201/`: search strategies on the published table, beside the published numbers."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nas_cli.reports.experiments.made import in_process
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.nasbench201_arms import ARMS, TIMED, Search
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.intervals import mean_interval
from nas_cli.reports.plots.style import SERIES, WIDTH, Plot, legend_above, looks
from nas_cli.spaces.table_file import Table
from nas_cli.strategies.pareto import front, hypervolume

Runs = Mapping[str, Sequence[Search]]

PUBLISHED = {
    "random": "93.70 ± 0.36",
    "regularized_evolution": "93.92 ± 0.30",
    "reinforce": "93.85 ± 0.37",
    "bohb": "93.61 ± 0.52",
}
"""Test accuracy on CIFAR-10 of Dong & Yang 2020, Table 5: 500 runs of 12,000 simulated seconds."""

INDEPENDENT = {"random": "93.71 ± 0.40", "regularized_evolution": "93.90 ± 0.41", "reinforce": "93.84 ± 0.30"}
"""An independent run of the same protocol as ours (100 evaluations, 500 seeds)."""

CELLS = {
    "optimum": None,
    "all-skip cell (what first-order DARTS finds)": ("skip_connect",) * 6,
    "ResNet cell": ("nor_conv_3x3", "none", "nor_conv_3x3", "skip_connect", "none", "skip_connect"),
}
"""Cells whose test accuracy is published: 94.37, 54.30, 93.97."""

PUBLISHED_CELLS = (94.37, 54.30, 93.97)

SELECT, REPORT, FLOPS = "c10_val_12ep", "c10_test_200ep", "flops"


def build_nasbench201(
    arms: Runs, table: Table, out: Path, command: str, machines: Sequence[Mapping[str, Any]] = ()
) -> list[Path]:
    """The files written under `out` from the searches of each arm, which `command` made.

    `machines`: the environments of runs; of this process if there are none.
    """
    results, volumes = comparison(arms), hypervolumes(arms, table)
    plots = [_courses(arms), _spread(arms)]
    texts = {
        "nasbench201.csv": results.to_csv(index=False),
        "runs.csv": run_table(arms).to_csv(index=False),
        "hypervolume.csv": volumes.to_csv(index=False),
        "nasbench201.md": _page(arms, results, volumes, cells(table), plots, command),
    }
    walls = [search.wall_seconds for searches in arms.values() for search in searches]
    return write_results(out, texts, plots, [in_process("nasbench201", len(walls), sum(walls), machines)])


def comparison(arms: Runs) -> pd.DataFrame:
    """A row per arm: test accuracy of the chosen cell, percent, mean ± standard deviation over the seeds and the 95 %
    interval of the mean; the best validation accuracy at 12 epochs; trials and simulated seconds of a search."""
    return pd.DataFrame([_row(arm, searches) for arm, searches in arms.items()])


def _row(arm: str, searches: Sequence[Search]) -> dict[str, Any]:
    tests = [100 * search.test for search in searches]
    interval = mean_interval(tests)
    return {
        "arm": arm,
        "strategy": ARMS[arm],
        "seeds": len(searches),
        "trials": round(fmean(len(search.valid) for search in searches), 1),
        "simulated_seconds": round(fmean(float(np.nansum(search.seconds)) for search in searches)),
        "test": round(interval.mean, 3),
        "test_std": round(_std(tests), 3),
        "test_low": round(interval.low, 3),
        "test_high": round(interval.high, 3),
        "valid_12": round(fmean(_best_at_12(search) for search in searches), 3),
        "published": PUBLISHED.get(arm),
        "independent": INDEPENDENT.get(arm),
        "milliseconds_per_trial": round(
            1000 * fmean(search.wall_seconds / len(search.valid) for search in searches), 2
        ),
    }


def _best_at_12(search: Search) -> float:
    return 100 * float(np.nanmax(np.where(search.budgets == 12, search.valid, np.nan)))


def run_table(arms: Runs) -> pd.DataFrame:
    """A row per run, for whoever wants another statistic."""
    return pd.DataFrame(
        {
            "arm": arm,
            "seed": search.seed,
            "test": round(100 * search.test, 4),
            "valid": round(100 * float(np.nanmax(search.valid)), 4),
            "trials": len(search.valid),
            "simulated_seconds": round(float(np.nansum(search.seconds)), 1),
        }
        for arm, searches in arms.items()
        for search in searches
    )


def hypervolumes(arms: Runs, table: Table) -> pd.DataFrame:
    """The share of the exact front's hypervolume that a search of 100 trials has found, in percent.

    Objectives: validation accuracy after 12 epochs and FLOPs. Reference: accuracy 0 and the FLOPs of the dearest cell.
    `on_front`: cells of the exact front among the trials.
    """
    accuracies = table.numbers(SELECT) / 100
    flops = table.numbers(table.description.costs[FLOPS].name) * (table.description.costs[FLOPS].factor or 1.0)
    every, reference = np.column_stack([accuracies, -flops]), (0.0, -float(flops.max()))
    exact = every[front(every)]
    whole, known = hypervolume(exact, reference), {tuple(point) for point in exact.round(6)}
    rows = []
    for arm in (name for name in arms if name not in TIMED):
        shares, hits = [], []
        for search in arms[arm]:
            points = np.column_stack([search.valid, -search.flops])[~np.isnan(search.valid)]
            shares.append(100 * hypervolume(points, reference) / whole)
            hits.append(len({tuple(point) for point in points.round(6)} & known))
        rows.append(
            {
                "arm": arm,
                "strategy": ARMS[arm],
                "seeds": len(shares),
                "hypervolume": round(fmean(shares), 2),
                "std": round(_std(shares), 2),
                "on_front": round(fmean(hits), 2),
                "front": len(exact),
            }
        )
    return pd.DataFrame(rows)


def cells(table: Table) -> pd.DataFrame:
    """Published cells, and what the table says of them."""
    test = table.numbers(REPORT)
    rows = []
    for (name, operations), published in zip(CELLS.items(), PUBLISHED_CELLS, strict=True):
        row = int(test.argmax()) if operations is None else table.index[operations]
        rows.append({"cell": name, "test": round(float(test[row]), 2), "published": published})
    return pd.DataFrame(rows)


def _std(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else 0.0


def _courses(arms: Runs) -> Plot:
    return Plot(
        "best_so_far",
        "Best validation accuracy so far",
        "Validation accuracy after 12 epochs of the best cell so far, mean over the seeds; bands are 95 % intervals of "
        "the mean.",
        partial(_draw_courses, arms={arm: searches for arm, searches in arms.items() if arm not in TIMED}),
        width=1.6 * WIDTH,
        height=4.0,
    )


def _draw_courses(figure: Figure, arms: Runs) -> None:
    axes = figure.subplots()
    for order, (arm, searches) in enumerate(arms.items()):
        length = min(len(search.valid) for search in searches)
        values = np.array([100.0 * search.best_so_far()[:length] for search in searches])
        intervals = [mean_interval(list(column)) for column in values.T]
        counts = range(1, length + 1)
        style: dict[str, Any] = {**looks(order), "label": ARMS[arm].split(",")[0] + _kind(arm)}
        # Marks of the arms at places of their own, so that none hides another.
        axes.plot(counts, [interval.mean for interval in intervals], markevery=(2 * order, 16), **style)
        low, high = [interval.low for interval in intervals], [interval.high for interval in intervals]
        axes.fill_between(counts, low, high, color=style["color"], alpha=0.15, linewidth=0)
    axes.set(xlabel="trials", ylabel="validation accuracy after 12 epochs [%]")
    # The first trials are far below everything that follows.
    axes.set_ylim(bottom=78.0)
    axes.set_xlim(left=1)
    legend_above(figure, columns=3)


def _kind(arm: str) -> str:
    return {"tpe": ", TPE", "gaussian_process": ", GP"}.get(arm, "")


def _spread(arms: Runs) -> Plot:
    return Plot(
        "test_accuracy",
        "Test accuracy of the chosen cell",
        "Test accuracy after 200 epochs of the cell that each search chose; boxes span the quartiles over the seeds, "
        "the line is the median, the triangle the mean, whiskers reach to the 5th and 95th percentile.",
        partial(_draw_spread, arms=arms),
        width=1.6 * WIDTH,
        height=3.6,
    )


def _draw_spread(figure: Figure, arms: Runs) -> None:
    axes = figure.subplots()
    tests = [[100 * search.test for search in searches] for searches in arms.values()]
    places = list(range(len(tests), 0, -1))
    axes.boxplot(tests, positions=places, orientation="horizontal", whis=(5, 95), showfliers=False, showmeans=True)
    axes.set_yticks(places, [ARMS[arm] for arm in arms])
    axes.axvline(PUBLISHED_CELLS[0], linestyle=":", color=SERIES[1])
    axes.set(xlabel="test accuracy after 200 epochs [%] (dotted: the best cell)")


def _page(
    arms: Runs, results: pd.DataFrame, volumes: pd.DataFrame, known: pd.DataFrame, plots: Sequence[Plot], command: str
) -> str:
    count = sum(len(searches) for searches in arms.values())
    shown = results.drop(columns=["arm", "test", "test_std", "test_low", "test_high"])
    tests = [f"{row.test:.2f} ± {row.test_std:.2f}" for row in results.itertuples()]
    shown.insert(4, "test accuracy [%]", tests)
    low = [f"{row.test_low:.2f} – {row.test_high:.2f}" for row in results.itertuples()]
    shown.insert(5, "95 % interval of the mean", low)
    parts = [
        "# Search strategies on NAS-Bench-201",
        f"Made by `{command}` from the journals of {count} searches. CIFAR-10: a search sees the validation accuracy "
        "after 12 epochs (Hyperband and BOHB that after 200 too), and reports the test accuracy after 200 epochs of "
        "the cell that it chose. ± is the standard deviation over the seeds.",
        "`published` is Dong & Yang 2020 (500 runs, each 12,000 simulated seconds); `independent` is another run of "
        "the protocol here, 100 evaluations. Simulated seconds are the table's training times after 200 epochs; 12 "
        "epochs count 12/200 of them, and a cell that goes on from 12 to 200 epochs pays the 200 in full. "
        "The arms with 'equal time' and with two budgets end with the batch in which the simulated time of 100 "
        "trainings of mean length and 12 epochs runs out. `milliseconds_per_trial` is wall time with the journal, all "
        "runs of two processes.",
        markdown(shown),
        "## Accuracy against FLOPs",
        "The hypervolume of each search's trials, in percent of that of the exact front, which the table gives; "
        "reference: accuracy 0, the FLOPs of the dearest cell.",
        markdown(volumes.drop(columns="arm")),
        "## Known cells",
        markdown(known),
        "The ResNet cell is that of the benchmark's own code, two 3×3 convolutions beside a skip connection. The table "
        "has the mean over its seeds for it; no cell that computes the same function reads the published value.",
        *(f"![{plot.title}]({plot.name}.png)\n\n{plot.caption}" for plot in plots),
    ]
    return "\n\n".join(parts) + "\n"
