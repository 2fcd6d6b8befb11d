"""`results/estimators/`: how well cheap estimators rank networks as full training does, and what time they take."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nas_cli.errors import RunError
from nas_cli.reports.correlation import LEAST, Correlation
from nas_cli.reports.evaluations import Evaluation
from nas_cli.reports.experiments.arms import Arm, find_arms, total
from nas_cli.reports.experiments.made import of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.measure import finite
from nas_cli.reports.plots.style import BLUE, MUTED, WIDTH, Plot
from nas_cli.reports.source import Source
from nas_cli.reports.trial import Trial

FULL = "full training, another seed"
EXTRAPOLATED, MEASURED = "extrapolated curve", "the same epochs, last value"
INHERITED, SHORT = "inherited weights", "1 epoch"
PROXIES = {"synflow": "synflow", "naswot": "NASWOT", "grad_norm": "gradient norm"}
COMBINED = "the three proxies together"

METHODS: Mapping[str, str] = {
    FULL: "train",
    SHORT: "train",
    EXTRAPOLATED: "extrapolate",
    MEASURED: "extrapolate",
    INHERITED: "inherit",
    **dict.fromkeys(PROXIES.values(), "zero_cost"),
    COMBINED: "zero_cost",
}
"""By method: the arm whose runs have its scores."""

Scores = Mapping[str, float]
"""By the digest of a network."""


def build_estimators(root: Path, out: Path, command: str) -> list[Path]:
    """The files written under `out` from the complete runs <data set>/<arm>-<seed> under `root`, which `command` made.

    Raises:
        RunError: if there are no full trainings of two seeds, or `out` cannot be written.
    """
    arms = {arm.name: arm for arm in find_arms(root, lambda source: bool(source.history.scored))}
    if "train" not in arms or len(arms["train"].numbers) < 2:
        raise RunError(
            f"{root} has no full trainings of two seeds, which scores are compared with: run the experiment."
        )
    pairs = pd.DataFrame(list(pair_rows(arms)))
    summary = summarised(pairs, arms)
    plot = _plot(summary)
    texts = {
        "correlations.csv": pairs.to_csv(index=False),
        "summary.csv": summary.to_csv(index=False),
        "README.md": _page(summary, plot, command),
    }
    runs = [run for arm in arms.values() for run in arm.repeats]
    return write_results(out, texts, [plot], [of_runs("estimators", runs)])


def pair_rows(arms: Mapping[str, Arm]) -> Iterator[dict[str, Any]]:
    """A row per method and two seeds: rank correlations of its scores with full training's of another seed.

    Of one seed an estimator's training is the beginning of the full one, and shares its luck. `chosen`: accuracy in
    percent, of the full training, of the network with the method's best score; `best`: of the best network.
    """
    full = _by_seed(arms["train"], FULL)
    for method, arm in METHODS.items():
        own = _by_seed(arms[arm], method) if arm in arms else {}
        for scored, trained in product(own, full):
            if scored == trained or (method == FULL and scored > trained):
                continue
            found = Correlation(*(Evaluation("", side, (0, 0.0, "")) for side in (own[scored], full[trained])))
            if found.count < LEAST:
                continue
            tau, rho = found.kendall, found.spearman
            both = found.pairs
            yield {
                "method": method,
                "scored": scored,
                "trained": trained,
                "networks": found.count,
                **{"tau": tau.value, "tau_low": tau.low, "tau_high": tau.high, "rho": rho.value},
                "chosen": 100 * float(both[both[:, 0].argmax(), 1]),
                "best": 100 * float(both[:, 1].max()),
            }


def _by_seed(arm: Arm, method: str) -> dict[int, Scores]:
    return {
        seed: {trial.digest: value for trial in run.history.scored if (value := _score(trial, method)) is not None}
        for seed, run in zip(arm.numbers, arm.repeats, strict=True)
    }


def _score(trial: Trial, method: str) -> float | None:
    if method == SHORT:
        return finite(trial.curve[0].get("valid_accuracy")) if trial.curve else None
    metric = {MEASURED: "valid_accuracy"} | {name: key for key, name in PROXIES.items()}
    return finite(trial.metrics.get(metric[method])) if method in metric else trial.fitness


def summarised(pairs: pd.DataFrame, arms: Mapping[str, Arm]) -> pd.DataFrame:
    """A row per method: means over the pairs of seeds, the least and the greatest tau, and the mean of the bootstrap
    intervals; `time`: in percent of that of full training, mean over seeds."""
    rows = []
    for method, group in pairs.groupby("method", sort=False):
        means = group[["tau", "tau_low", "tau_high", "rho", "chosen", "best"]].mean()
        time = _time(str(method), arms)
        rows.append(
            {
                "method": method,
                "pairs": len(group),
                "networks": int(group["networks"].min()),
                "time": None if time is None else round(time, 2),
                **means.round(3).to_dict(),
                "tau_from": round(group["tau"].min(), 3),
                "tau_to": round(group["tau"].max(), 3),
            }
        )
    return pd.DataFrame(rows)


def _time(method: str, arms: Mapping[str, Arm]) -> float | None:
    """Of the one epoch its share of the same trainings' wall time, of others that of their trials' processor time."""
    full = dict(zip(arms["train"].numbers, arms["train"].repeats, strict=True))
    arm = arms[METHODS[method]]
    own = dict(zip(arm.numbers, arm.repeats, strict=True))
    if method == SHORT:
        shares = [_seconds(run, 1) / _seconds(run) for run in full.values() if _seconds(run)]
    else:
        spent = {seed: total(run.history.trials, "cpu_seconds") for seed, run in full.items()}
        shares = [total(own[s].history.trials, "cpu_seconds") / spent[s] for s in own if spent.get(s)]
    return 100 * fmean(shares) if shares else None


def _seconds(run: Source, epochs: int | None = None) -> float:
    """Of the first epochs (of all) of every training, the tracing of the network included."""
    curves = (trial.curve[:epochs] for trial in run.history.scored)
    return sum(finite(epoch.get("seconds")) or 0.0 for curve in curves for epoch in curve)


def _plot(summary: pd.DataFrame) -> Plot:
    return Plot(
        "rank_and_time",
        "Rank correlation with full training, and time",
        "Kendall's tau with the accuracies of full trainings of another seed, mean over pairs of seeds; whiskers are "
        "the mean of their bootstrap intervals. In brackets the time in percent of full training; that of the proxies "
        "is of all three.",
        partial(_draw, summary=summary),
        width=1.4 * WIDTH,
    )


def _draw(figure: Figure, summary: pd.DataFrame) -> None:
    axes, rows = figure.subplots(), summary.dropna(subset=["tau"])
    places = range(len(rows))
    error = np.stack([rows["tau"] - rows["tau_low"], rows["tau_high"] - rows["tau"]])
    axes.errorbar(rows["tau"], places, xerr=error, linestyle="none", marker="o", capsize=2, color=BLUE)
    axes.axvline(0, color=MUTED, linewidth=1.1, linestyle="--")
    axes.set_yticks(places, [f"{name} ({time:.0f} %)" for name, time in zip(rows["method"], rows["time"], strict=True)])
    axes.invert_yaxis()
    axes.set_xlabel("Kendall's tau")


def _page(summary: pd.DataFrame, plot: Plot, command: str) -> str:
    parts: Sequence[str] = [
        "# Estimators",
        f"Made by `{command}` from the journals of the runs: every network of a small space is scored by each "
        "estimator, with several seeds. Reduced: `conf/experiment/estimators.yaml`. `tau` and `rho` are Kendall's and "
        "Spearman's rank correlation with validation accuracies of full trainings, always of another seed, since the "
        "short training of the same seed is the beginning of the full one; the first row is what two full trainings "
        "have in common, above which nothing can be expected. `tau_from`, `tau_to`: over the pairs of seeds; "
        "`tau_low`, `tau_high`: the mean of the pairs' bootstrap intervals over the networks. `time`: processor time "
        "of all trials in percent of full training, tracing of the networks included; of the three proxies that of "
        "all together. `chosen`: accuracy of the full training of the network that the method puts first, `best` that "
        "of the best one, in percent.",
        markdown(summary),
        f"## {plot.title}\n\n![{plot.title}]({plot.name}.png)\n\n{plot.caption}",
    ]
    return "\n\n".join(parts) + "\n"
