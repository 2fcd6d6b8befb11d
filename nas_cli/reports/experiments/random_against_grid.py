"""`results/random_against_grid/`: what the number of important hyper-parameters does to random and to grid search."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import in_process
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.intervals import mean_interval
from nas_cli.reports.plots.style import DASHES, MARKERS, QUIET, SERIES, WIDTH, Plot, legend_above

COLOURS = {"grid": SERIES[1], "random": SERIES[0]}


@dataclass(frozen=True)
class Course:
    """One search: `places` of its trials' hyper-parameters in [0, 1], the `important` ones first, and their scores."""

    strategy: str
    important: int
    seed: int
    places: tuple[tuple[float, ...], ...]
    scores: tuple[float, ...]


def build_random_against_grid(courses: Sequence[Course], out: Path, command: str, seconds: float) -> list[Path]:
    """The files written under `out`, which `command` made in so many seconds.

    Raises:
        RunError: if there is no search, or `out` cannot be written.
    """
    if not courses:
        raise RunError("random against grid: no searches were given; run at least one seed.")
    runs = run_table(courses)
    summary = summarised(runs)
    plots = [_tried(courses), _found(summary)]
    texts = {
        "runs.csv": runs.to_csv(index=False),
        "summary.csv": summary.to_csv(index=False),
        "README.md": _page(summary, plots, command),
    }
    return write_results(out, texts, plots, [in_process("random_against_grid", len(courses), seconds)])


def run_table(courses: Sequence[Course]) -> pd.DataFrame:
    """A row per search: different values tried of the first hyper-parameter, and the best score."""
    rows = [
        {
            "important": course.important,
            "trials": len(course.scores),
            "strategy": course.strategy,
            "seed": course.seed,
            "values_tried": len({place[0] for place in course.places}),
            "best": round(max(course.scores), 6),
        }
        for course in courses
    ]
    return pd.DataFrame(rows)


def summarised(runs: pd.DataFrame) -> pd.DataFrame:
    """A row per problem, number of trials and strategy: the mean best score over seeds and its 95 % interval."""
    rows = []
    for keys, group in runs.groupby(["important", "trials", "strategy"], sort=False):
        best = mean_interval(list(group["best"]))
        rows.append(
            {
                **dict(zip(("important", "trials", "strategy"), keys, strict=True)),
                "seeds": len(group),
                "values_tried": float(group["values_tried"].mean()),
                "best": round(best.mean, 4),
                "best_low": round(best.low, 4),
                "best_high": round(best.high, 4),
            }
        )
    return pd.DataFrame(rows)


def _tried(courses: Sequence[Course]) -> Plot:
    seed = min(course.seed for course in courses)
    first = [course for course in courses if course.seed == seed and course.important == 1]
    return Plot(
        "tried",
        "What is tried",
        "The first search of each strategy at its second-smallest number of trials, where only the learning rate "
        "matters: every point is a trial, the lines on top mark the values tried of the learning rate. On the "
        "grid, trials that differ in the other two only lie on each other.",
        partial(_draw_tried, courses=first),
        width=2 * WIDTH,
    )


def _draw_tried(figure: Figure, courses: Sequence[Course]) -> None:
    shown = sorted({len(course.scores) for course in courses})[:2][-1]
    for axes, name in zip(figure.subplots(1, 2, sharey=True), COLOURS, strict=True):
        course = next(one for one in courses if one.strategy == name and len(one.scores) == shown)
        xs, ys = [place[0] for place in course.places], [place[1] for place in course.places]
        axes.plot(xs, ys, "o", color=COLOURS[name], markersize=4)
        axes.plot(xs, [1.08] * len(xs), "|", color=QUIET, markersize=9, clip_on=False)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.14), yticks=(0, 0.5, 1))
        axes.set_xlabel("learning rate (important), place in its range")
        axes.set_title(f"{name}: {shown} trials, {len(set(xs))} values")
    figure.axes[0].set_ylabel("momentum (without effect)")


def _found(summary: pd.DataFrame) -> Plot:
    return Plot(
        "found",
        "What is found",
        "Best score (1 is the optimum) against trials: mean over seeds, whiskers are 95 % intervals. Left: one of the "
        "four hyper-parameters is important; right: all four are.",
        partial(_draw_found, summary=summary),
        width=2 * WIDTH,
    )


def _draw_found(figure: Figure, summary: pd.DataFrame) -> None:
    problems = list(summary["important"].unique())
    for axes, important in zip(figure.subplots(1, len(problems), sharey=True, squeeze=False)[0], problems, strict=True):
        for order, name in enumerate(COLOURS):
            rows = summary[(summary["important"] == important) & (summary["strategy"] == name)]
            best, low, high = (rows[column].to_numpy() for column in ("best", "best_low", "best_high"))
            style = {"color": COLOURS[name], "linestyle": DASHES[order], "marker": MARKERS[order], "label": name}
            axes.errorbar(rows["trials"].to_numpy(), best, yerr=np.stack([best - low, high - best]), capsize=2, **style)
        axes.set(xscale="log", ylim=(0, 1.02), xlabel="trials", title=f"{important} of 4 important")
        axes.set_xticks(sorted(summary["trials"].unique()), [str(n) for n in sorted(summary["trials"].unique())])
        axes.minorticks_off()
    figure.axes[0].set_ylabel("best score")
    legend_above(figure)


def _page(summary: pd.DataFrame, plots: Sequence[Plot], command: str) -> str:
    parts = [
        "# Random against grid search",
        f"Made by `{command}`: the strategies `random` and `grid` with the same number of trials on four "
        "hyper-parameters whose score is a formula (see the script), of which one is important, or all. "
        "`values_tried` counts the different values of the first hyper-parameter, `best` is the mean best score over "
        "the seeds with its 95 % interval.",
        "Where one matters, a grid of k⁴ trials tries k values of it and random search k⁴ (the low effective "
        "dimension of Bergstra and Bengio 2012). Where all four matter, more values of one alone are no advantage.",
        markdown(summary),
        *(f"## {plot.title}\n\n![{plot.title}]({plot.name}.png)\n\n{plot.caption}" for plot in plots),
    ]
    return "\n\n".join(parts) + "\n"
