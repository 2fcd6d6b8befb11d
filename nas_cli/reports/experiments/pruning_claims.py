"""What the pruning experiments say in short: differences of arms, seed by seed."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd


def claims(runs: pd.DataFrame) -> pd.DataFrame:
    """What the comparison says, seed by seed: ours less the random criterion, filters less single weights at equal
    time, ticket less dense and less reinit, connections that regrow less those that do not."""
    rows = []
    half = runs[runs.experiment == "half_flops"]
    for arm in sorted(name for name in set(half.arm) if "," not in name):
        rows.append(_difference(half, f"{arm} at half the FLOPs, less the random criterion", arm, f"{arm}, by chance"))
    rows.append(_at_equal_time(runs[runs.experiment == "latency"]))
    lottery = runs[runs.experiment == "lottery"]
    for point, left in _rounds_near(lottery, (21.1, 10.0, 3.6)):
        at = lottery[(lottery.point == point) | (lottery.arm == "dense")]
        rows.append(_difference(at, f"ticket at {left:.1f} % of the weights, less dense", "ticket", "dense"))
        rows.append(_difference(at, f"ticket at {left:.1f} % of the weights, less new weights", "ticket", "reinit"))
    for share, at in runs[runs.experiment == "regrowth"].groupby("point"):
        for arm, other in (("set", "fixed"), ("rigl", "fixed"), ("rigl", "magnitude")):
            rows.append(_difference(at, f"{arm} at {100 * float(str(share)):g} % sparsity, less {other}", arm, other))
    return pd.DataFrame([row for row in rows if row])


def _rounds_near(lottery: pd.DataFrame, wanted: Sequence[float]) -> Iterator[tuple[int, float]]:
    points = lottery[lottery.arm == "ticket"].groupby("point")["left"].mean()
    rounds, left = points.index.tolist(), points.to_numpy()
    nearest = [int(rounds[abs(left - share).argmin()]) for share in wanted] if rounds else []
    for point in dict.fromkeys(nearest):
        yield point, float(points[point])


def _difference(rows: pd.DataFrame, text: str, arm: str, other: str) -> dict[str, Any]:
    """Points of accuracy on test, or on validation data where the rounds were not tested."""
    key = "test" if rows[rows.arm == arm]["test"].notna().all() else "valid"
    ours, theirs = (rows[rows.arm == name].groupby("seed")[key].mean() for name in (arm, other))
    return _claim(text, key, (ours - theirs).dropna())


def _claim(text: str, key: str, pairs: "pd.Series[float]") -> dict[str, Any]:
    if not len(pairs):
        return {}
    spread = "" if len(pairs) < 2 else f"{pairs.min():+.2f} to {pairs.max():+.2f}"
    return {"claim": text, "on": key, "points": f"{pairs.mean():+.2f}", "seeds": len(pairs), "from to": spread}


def _at_equal_time(rows: pd.DataFrame) -> dict[str, Any]:
    """Filters less single weights of networks as fast: those of two widths, joined by a line over measured time.

    A network faster or slower than all of them is compared with none.
    """
    key, found = "test" if len(rows) and rows["test"].notna().all() else "valid", {}
    for seed, mine in rows.dropna(subset=["ms"]).groupby("seed"):
        filters, others = mine[mine.arm == "filters"], mine[mine.arm == "weights"].sort_values("ms")
        within = filters[filters.ms.between(others.ms.min(), others.ms.max())]
        if len(within):
            found[seed] = float((within[key] - np.interp(within.ms, others.ms, others[key])).mean())
    return _claim("filters less single weights at equal measured time", key, pd.Series(found, dtype=float))
