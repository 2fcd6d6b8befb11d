"""Is the order of optimizers at one shared learning rate that of how far the rate is from each one's own?"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nas_cli.reports.optimizer_study import Study, mean_of

SIGNIFICANT = 0.05
EXACT = 8
"""Up to so many optimizers all orders are counted, beyond them 20,000 drawn ones."""

DRAWN = 20_000


def rate_hypothesis(study: Study) -> dict[str, Any] | None:
    """The test of the hypothesis, as JSON values; None unless three optimizers have both protocols.

    The distance of the shared rate from an optimizer's tuned one is |log10(shared / tuned)| decades. Two rank
    correlations (Spearman) with it: of the accuracy at the shared rate, and of what is lost to the accuracy at its
    own. The hypothesis is supported if the first is negative with a one-sided permutation p below 0.05. `decades` is
    signed: above 0 where the shared rate is the larger.
    """
    rows = _rows(study)
    if len(rows) < 3:
        return None
    distances = [abs(row["decades"]) for row in rows]
    order, p_value = rank_correlation(distances, [-row["shared"] for row in rows])
    lost, lost_p = rank_correlation(distances, [row["tuned"] - row["shared"] for row in rows])
    spread = {name: max(row[name] for row in rows) - min(row[name] for row in rows) for name in ("shared", "tuned")}
    known = not math.isnan(order)
    return {
        "optimizers": rows,
        "correlation": -order if known else None,
        "p_value": p_value if known else None,
        "correlation_with_loss": None if math.isnan(lost) else lost,
        "p_value_with_loss": None if math.isnan(lost) else lost_p,
        "supported": known and order > 0 and p_value < SIGNIFICANT,
        "spread_shared": spread["shared"],
        "spread_tuned": spread["tuned"],
    }


def _rows(study: Study) -> list[dict[str, Any]]:
    shared, tuned = study.main_rows("shared"), study.main_rows("tuned")
    found = []
    for optimizer in [name for name in shared if name in tuned]:
        accuracies = [mean_of(study.finals(rows[optimizer], "test_accuracy")) for rows in (shared, tuned)]
        rates = [next(iter(study.trained[rows[optimizer]].values()))["rate"] for rows in (shared, tuned)]
        if accuracies[0] is not None and accuracies[1] is not None:
            found.append(
                {
                    "optimizer": optimizer,
                    "shared_rate": rates[0],
                    "tuned_rate": rates[1],
                    "decades": math.log10(rates[0] / rates[1]),
                    "shared": accuracies[0],
                    "tuned": accuracies[1],
                }
            )
    return found


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Spearman's correlation of two lists, and the share of orders of the second with one as high; NaN where either
    list is all ties."""
    left, right = _ranks(first), _ranks(second)
    if len(set(left.tolist())) < 2 or len(set(right.tolist())) < 2:
        return math.nan, math.nan
    left, right = left - left.mean(), right - right.mean()
    scale = math.sqrt(float(left @ left) * float(right @ right))
    if len(first) <= EXACT:
        orders = np.array(list(itertools.permutations(range(len(first)))))
    else:
        rng = np.random.default_rng(0)
        orders = np.array([np.arange(len(first)), *(rng.permutation(len(first)) for _ in range(DRAWN))])
    found = float(left @ right) / scale
    return found, float(np.mean(right[orders] @ left / scale >= found - 1e-9))


def _ranks(values: Sequence[float]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Ranks from 1; equal values share the mean of theirs."""
    array = np.asarray(values, float)
    return np.array([(array < value).sum() + ((array == value).sum() + 1) / 2 for value in array])


def hypothesis_sentence(found: Mapping[str, Any]) -> str:
    """The outcome in words."""
    if found["correlation"] is None:
        return "The hypothesis cannot be tested: all distances, or all accuracies, are equal."
    said = "is supported" if found["supported"] else "is not supported"
    below = sum(row["decades"] < 0 for row in found["optimizers"])
    return (
        f"That the order at the shared rate follows the distance from each optimizer's own rate {said}: rank "
        f"correlation of distance and accuracy {found['correlation']:+.2f} (p = {found['p_value']:.3f}, one-sided, "
        f"{len(found['optimizers'])} optimizers). The shared rate is below the own one of {below} of them. "
        f"Best and worst are {100 * found['spread_shared']:.1f} points apart at the shared rate, "
        f"{100 * found['spread_tuned']:.1f} at their own."
    )
