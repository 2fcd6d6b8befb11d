"""Tables of the experiment on the relevance of parameters, from a row per run."""

from collections.abc import Sequence
from statistics import stdev
from typing import Any

import pandas as pd

from nas_cli.reports.experiments.relevance_runs import ARD, ARMS, DATASETS, HANDMADE
from nas_cli.reports.intervals import Interval, mean_interval

MARGIN = {"accuracy": 1.0, "rmse": 0.3}
"""How much worse, in percentage points or thousands of dollars, still counts as equal where the whole interval of the
change stays within it."""

NOISE = "noise_0.3"


def comparison(runs: pd.DataFrame) -> pd.DataFrame:
    """A row per data set and arm: means over the runs of test score (with its 95 % interval), size and time.

    std: standard deviation of the test score over the runs: its stability over seeds (of Boston housing: over splits).
    noise: how much worse the validation score is with noise of 0.3 deviations on the inputs, in the score's unit.
    minutes: of a whole run; design_minutes: what of it came before the training of the chosen network.
    """
    rows = [
        _row(str(dataset), arm, group)
        for dataset, own in runs.groupby("dataset", sort=False)
        for arm in ARMS
        if not (group := own[own.arm == arm]).empty
    ]
    return pd.DataFrame(rows)


def _row(dataset: str, arm: str, group: pd.DataFrame) -> dict[str, Any]:
    tests = [float(value) for value in group.test.dropna()]
    found = mean_interval(tests) if tests else None
    return {
        "dataset": dataset,
        "arm": arm,
        "runs": len(group),
        "measure": group.measure.iloc[0],
        "test": None if found is None else round(found.mean, 3),
        "low": None if found is None else round(found.low, 3),
        "high": None if found is None else round(found.high, 3),
        "std": round(stdev(tests), 3) if len(tests) > 1 else None,
        "noise": _mean(group, NOISE, 3),
        "params": _mean(group, "params", 0),
        "mflops": _mean(group, "flops", 4, 1e-6),
        "nonzero": _mean(group, "nonzero", 0),
        "design_minutes": _mean(group, "design_seconds", 2, 1 / 60),
        "minutes": _mean(group, "seconds", 2, 1 / 60),
    }


def _mean(group: pd.DataFrame, column: str, digits: int, scale: float = 1.0) -> float | None:
    if column not in group or group[column].dropna().empty:
        return None
    return round(float(group[column].dropna().mean()) * scale, digits)


def size_reductions(runs: pd.DataFrame) -> pd.DataFrame:
    """A row per data set and arm with ARD: how much smaller than its twin without, and what that did to the score.

    Pairs are runs of equal number. smaller: nonzero weights without ARD over those with it, mean and 95 % interval.
    change: of the test score, positive where ARD is better. verdict: what these intervals allow to say.
    """
    rows = []
    for dataset, own in runs.groupby("dataset", sort=False):
        for arm in (name for name in ARMS if name.endswith(ARD)):
            pairs = _pairs(own, arm, arm.removesuffix(ARD))
            if not pairs.empty:
                rows.append({"dataset": dataset, "arm": arm, **_reduction(pairs)})
    return pd.DataFrame(rows)


def against(runs: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """A row per data set and arm: its test score less that of the baseline's run of the same number.

    Positive is better.
    """
    rows = []
    for dataset, own in runs.groupby("dataset", sort=False):
        for arm in (name for name in ARMS if name != baseline):
            pairs = _pairs(own, arm, baseline)
            if not pairs.empty:
                rows.append({"dataset": dataset, "arm": arm, "against": baseline, **_reduction(pairs)})
    return pd.DataFrame(rows)


def _pairs(own: pd.DataFrame, arm: str, other: str) -> pd.DataFrame:
    columns = ["number", "measure", "test", "nonzero"]
    mine, others = (own[own.arm == name][columns].dropna() for name in (arm, other))
    return pd.merge(mine, others, on=["number", "measure"], suffixes=("", "_other"))


def _reduction(pairs: pd.DataFrame) -> dict[str, Any]:
    measure = str(pairs.measure.iloc[0])
    sign = 1.0 if measure == "accuracy" else -1.0
    ratio = mean_interval([float(value) for value in pairs.nonzero_other / pairs.nonzero])
    change = mean_interval([float(value) for value in sign * (pairs.test - pairs.test_other)])
    return {
        "pairs": len(pairs),
        "smaller": round(ratio.mean, 3),
        "smaller_low": round(ratio.low, 3),
        "smaller_high": round(ratio.high, 3),
        "change": round(change.mean, 3),
        "change_low": round(change.low, 3),
        "change_high": round(change.high, 3),
        "verdict": verdict(change, MARGIN[measure]),
    }


def verdict(change: Interval, margin: float) -> str:
    """What an interval of a change (positive is better) allows to say, where `margin` worse still counts as equal."""
    if change.count < 3:
        return "too few runs"
    if change.low > 0:
        return "better"
    if change.high < 0:
        return "worse" if change.low < -margin else "slightly worse, within the margin"
    return "equal within the margin" if change.low >= -margin else "not decided"


def conclusions(runs: pd.DataFrame) -> list[str]:
    """Sentences per data set: which reductions hold at equal score, and which searches beat chance and hand."""
    texts = []
    for dataset in dict.fromkeys(runs.dataset):
        own, name = runs[runs.dataset == dataset], DATASETS.get(str(dataset), str(dataset))
        texts += [_reduced(own, name), *(_beaten(own, name, baseline) for baseline in ("random", HANDMADE))]
    return [text for text in texts if text]


def _reduced(own: pd.DataFrame, name: str) -> str:
    rows: list[dict[Any, Any]] = size_reductions(own).to_dict("records")
    if not rows:
        return f"{name}: no pairs of runs with and without ARD yet."
    held = [row for row in rows if row["verdict"].startswith(("better", "equal")) and row["smaller_low"] > 1]
    if all(row["pairs"] < 3 for row in rows):
        return f"{name}: too few pairs of runs with and without ARD to conclude anything."
    if not held:
        return f"{name}: in no arm is a reduction at an equal score shown."
    shown = [f"{r['arm']} {r['smaller']:.2f}× ({r['smaller_low']:.2f} to {r['smaller_high']:.2f})" for r in held]
    arms = f"{len(held)} of {len(rows)} arms"
    return f"{name}: ARD makes networks smaller at an equal or better score in {arms}: {', '.join(shown)}."


def _beaten(own: pd.DataFrame, name: str, baseline: str) -> str:
    table = against(own, baseline)
    if table.empty:
        return ""
    searched = table[~table.arm.isin(["random", f"random{ARD}", HANDMADE])]
    if (searched.pairs < 3).all():
        return ""
    better = list(searched[searched.verdict == "better"].arm)
    other = "the random graphs" if baseline == "random" else "the graph chosen by hand"
    return f"{name}: better than {other}: {_listed(better)}, of {len(searched)} arms that search."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"
