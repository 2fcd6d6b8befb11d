"""`regions.md` in results/random_against_grid/: what repeating a search near its best point is worth."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import in_process
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.intervals import mean_interval
from nas_cli.reports.plots.style import WIDTH, Plot, legend_above, looks

REPEATED = {"random, repeated": "random", "grid, repeated": "grid"}
"""By the name of a repeated search: that of the search in one go."""

PLACES = ("anywhere", "outer quarters")
"""Where the optimum is."""

PROBLEM = ("optimum", "important", "trials")


@dataclass(frozen=True)
class Searched:
    """One search with at most so many `trials`, of which it has `made` some; `best` is its best score, 1 at most."""

    optimum: str
    important: int
    trials: int
    strategy: str
    seed: int
    made: int
    best: float


def build_regions(searches: Sequence[Searched], out: Path, command: str, seconds: float) -> list[Path]:
    """The files written under `out`, which `command` made in so many seconds.

    Raises:
        RunError: if there is no search, or `out` cannot be written.
    """
    if not searches:
        raise RunError("repeated search: no searches were given; run at least one seed.")
    runs = pd.DataFrame([asdict(one) for one in searches])
    summary, gained = summarised(runs), gains(runs)
    plot = _plot(summary)
    texts = {
        "regions_runs.csv": runs.round(6).to_csv(index=False),
        "regions.csv": summary.to_csv(index=False),
        "regions_gains.csv": gained.to_csv(index=False),
        "regions.md": _page(summary, gained, plot, command),
    }
    return write_results(out, texts, [plot], [in_process("regions", len(searches), seconds)])


def summarised(runs: pd.DataFrame) -> pd.DataFrame:
    """A row per problem, number of trials and strategy: the mean best score over seeds and its 95 % interval."""
    rows = []
    for keys, group in runs.groupby([*PROBLEM, "strategy"], sort=False):
        best = mean_interval(list(group["best"]))
        rows.append(
            {
                **dict(zip((*PROBLEM, "strategy"), keys, strict=True)),
                "seeds": len(group),
                "made": round(float(group["made"].mean()), 1),
                "best": round(best.mean, 4),
                "best_low": round(best.low, 4),
                "best_high": round(best.high, 4),
            }
        )
    return pd.DataFrame(rows)


def gains(runs: pd.DataFrame) -> pd.DataFrame:
    """A row per problem, number of trials and repeated strategy: its best score less that in one go, seed by seed, the
    mean and its 95 % interval."""
    rows = []
    for keys, group in runs.groupby([*PROBLEM], sort=False):
        scores = group.pivot(index="seed", columns="strategy", values="best")
        for name, plain in REPEATED.items():
            gain = mean_interval((scores[name] - scores[plain]).tolist())
            rows.append(
                {
                    **dict(zip(PROBLEM, keys, strict=True)),
                    "strategy": name,
                    "gain": round(gain.mean, 4),
                    "gain_low": round(gain.low, 4),
                    "gain_high": round(gain.high, 4),
                }
            )
    return pd.DataFrame(rows)


def _plot(summary: pd.DataFrame) -> Plot:
    return Plot(
        "regions",
        "Repeated near the best point, and in one go",
        "Best score (1 is the optimum) against trials: mean over seeds, whiskers are 95 % intervals. Where the optimum "
        "is in the outer quarters, the repeated grid begins without a point near it.",
        partial(_draw, summary=summary),
        width=2 * WIDTH,
    )


def _draw(figure: Figure, summary: pd.DataFrame) -> None:
    names = [name for pair in REPEATED.items() for name in pair]
    problems = list(product(summary["optimum"].unique(), summary["important"].unique()))
    shown = sorted(summary["trials"].unique())
    panels = figure.subplots(1, len(problems), sharey=True, squeeze=False)[0]
    for axes, (place, important) in zip(panels, problems, strict=True):
        for order, name in enumerate(names):
            rows = summary[(summary["optimum"] == place) & (summary["important"] == important)]
            rows = rows[rows["strategy"] == name]
            best, low, high = (rows[column].to_numpy() for column in ("best", "best_low", "best_high"))
            error = np.stack([best - low, high - best])
            axes.errorbar(rows["trials"].to_numpy(), best, yerr=error, capsize=2, label=name, **looks(order))
        axes.set(xscale="log", ylim=(0, 1.02), xlabel="trials", title=f"{important} of 4 important,\n{place}")
        axes.set_xticks(shown, [str(number) for number in shown])
        axes.minorticks_off()
    figure.axes[0].set_ylabel("best score")
    legend_above(figure)


def _page(summary: pd.DataFrame, gained: pd.DataFrame, plot: Plot, command: str) -> str:
    parts = [
        "# Search repeated near the best point",
        f"Made by `{command}`: the strategies `random` and `grid` in one go, and in rounds near the best point so far "
        "(`strategy.regions.rounds`, `strategy.rounds`), on the formula of `scripts/random_against_grid.py`, of whose "
        "four hyper-parameters one is important, or all. `trials` is what each may have, `made` what it had: a "
        "repeated grid leaves out points that come again. `best` is the mean best score over the seeds with its 95 % "
        "interval.",
        markdown(summary),
        "`gain`: the best score of the repeated search less that in one go, on the same problem seed by seed, the mean "
        "and its 95 % interval.",
        markdown(gained),
        f"## {plot.title}\n\n![{plot.title}]({plot.name}.png)\n\n{plot.caption}",
    ]
    return "\n\n".join(parts) + "\n"
