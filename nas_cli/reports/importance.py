"""How much each decision of a space matters for the score: a decomposition of the variance of a random forest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.reports.leaf_boxes import main_effects
from nas_cli.reports.trial import Trial

Floats = NDArray[np.float64]

LEAST = 20
"""Trials below which nothing is said."""

MOST = 2000
"""Trials that a forest is fitted on; of more, evenly spaced ones."""

TREES = 64
INTERVAL = (5.0, 95.0)
"""Percentiles over the trees that the interval spans."""

WIDE = 100.0
"""A range whose end is so many times its beginning counts in its logarithm."""


@dataclass(frozen=True)
class Effect:
    """One decision's share of the variance of the predicted score: mean over the trees, and their middle 90 %."""

    name: str
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Importance:
    """`effects` by falling share, of those that vary; `rest`, the share of interactions and of the forest's noise.

    `explained`: the share of the variance of the scores that the forest predicts for trials that a tree has not seen
    (out of bag); near or below 0, the shares mean nothing. `trials` were used.
    """

    effects: tuple[Effect, ...]
    rest: float
    explained: float
    trials: int


def importance(trials: Sequence[Trial]) -> Importance | str:
    """Each decision's importance for the fitness, or a sentence that says why there is none to tell.

    Functional ANOVA (Hutter, Hoos and Leyton-Brown 2014): the variance over the space, all values of a decision being
    equally likely, of the forest's mean prediction for each value of the decision, over the whole variance. Deviations:
    choices are numbered in order of their names rather than split in sets, and interactions are given as one rest.
    """
    scored = [trial for trial in trials if trial.fitness is not None and trial.decisions]
    columns = varying([trial.decisions for trial in scored])
    if len(scored) < LEAST:
        return f"Too few trials to say which decisions matter: {len(scored)}, at least {LEAST} are needed."
    if not columns:
        return "No decision varies over the trials."
    if len(scored) > MOST:
        scored = [scored[i] for i in np.linspace(0, len(scored) - 1, MOST).astype(int).tolist()]
    codes = np.column_stack([encoded([trial.decisions[name] for trial in scored]) for name in columns])
    fitness = np.array([float(trial.fitness or 0.0) for trial in scored])
    if np.ptp(fitness) == 0:
        return "All trials have the same score: no decision matters for it."
    return _decomposed(columns, codes, fitness)


def varying(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The decisions that every row has, and that do not have the same value in all."""
    if not rows:
        return []
    return [
        name
        for name in rows[0]
        if all(name in row for row in rows) and any(row[name] != rows[0][name] for row in rows[1:])
    ]


def encoded(values: Sequence[Any]) -> Floats:
    """Values as numbers between 0 and 1: of choices their place by name, in equal steps; of numbers their place in the
    range, or in that of the logarithm where it spans more than two decades. A whole number of at most a dozen
    different ones counts as a choice."""
    different = set(map(str, values))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if not numbers or len(different) <= 12:
        order = sorted(set(values)) if numbers else sorted(different)
        places = {value: (at + 0.5) / len(order) for at, value in enumerate(order)}
        return np.array([places[value if numbers else str(value)] for value in values])
    found = np.array(values, dtype=np.float64)
    if found.min() > 0 and found.max() >= WIDE * found.min():
        found = np.log(found)
    places_: Floats = (found - found.min()) / np.ptp(found)
    return places_


def _decomposed(columns: Sequence[str], codes: Floats, fitness: Floats) -> Importance:
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        n_estimators=TREES, min_samples_leaf=2, max_features=0.7, oob_score=True, random_state=0, n_jobs=1
    ).fit(codes, fitness)
    shares = np.array([found for tree in forest.estimators_ if (found := main_effects(tree.tree_)) is not None])
    if not len(shares):
        shares = np.zeros((1, len(columns)))
    mean = shares.mean(axis=0)
    low, high = np.percentile(shares, INTERVAL, axis=0)
    order = np.argsort(-mean, kind="stable").tolist()
    effects = tuple(Effect(columns[i], float(mean[i]), float(low[i]), float(high[i])) for i in order)
    return Importance(effects, max(0.0, 1.0 - float(mean.sum())), float(forest.oob_score_), len(fitness))
