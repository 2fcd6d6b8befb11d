"""How well a cheap evaluation ranks candidates as a dear one does: rank correlations over those that both scored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nas_cli.reports.evaluations import Evaluation
from nas_cli.reports.intervals import CONFIDENCE

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], float]

LEAST = 5
"""Candidates in common below which nothing is said."""

RESAMPLES = 400
TOP = 0.1
"""The share of the candidates whose overlap is counted."""


@dataclass(frozen=True)
class Rank:
    """A rank correlation and its bootstrap interval over the candidates; None where all scores of a side are equal."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Correlation:
    """Two evaluations, and the scores (higher is better) that they gave the candidates they share, by digest."""

    cheap: Evaluation
    dear: Evaluation

    @cached_property
    def digests(self) -> list[str]:
        """The candidates that both scored."""
        return [digest for digest in self.cheap.scores if digest in self.dear.scores]

    @property
    def count(self) -> int:
        """The number of candidates that both scored."""
        return len(self.digests)

    @cached_property
    def pairs(self) -> Floats:
        """(candidates, 2): the cheap and the dear score."""
        pairs = [(self.cheap.scores[digest], self.dear.scores[digest]) for digest in self.digests]
        return np.array(pairs, dtype=np.float64).reshape(len(pairs), 2)

    @cached_property
    def kendall(self) -> Rank:
        """Kendall's tau-b."""
        from scipy import stats

        return _rank(self.pairs, lambda pairs: float(stats.kendalltau(pairs[:, 0], pairs[:, 1]).statistic))

    @cached_property
    def spearman(self) -> Rank:
        """Spearman's rho."""
        from scipy import stats

        return _rank(self.pairs, lambda pairs: float(stats.spearmanr(pairs[:, 0], pairs[:, 1]).statistic))

    @property
    def top(self) -> int:
        """The number of candidates that count as the best: a tenth, at least one."""
        return max(1, round(TOP * self.count))

    @cached_property
    def overlap(self) -> float:
        """The share of the best by the cheap score that are among the best by the dear one; by chance about `TOP`."""
        best = [set(np.argsort(-column, kind="stable")[: self.top].tolist()) for column in self.pairs.T]
        return len(best[0] & best[1]) / self.top


def correlations(evaluations: Sequence[Evaluation]) -> list[Correlation]:
    """Each pair of evaluations with enough candidates in common, the cheaper one first."""
    ordered = sorted(evaluations, key=lambda evaluation: evaluation.effort)
    found = [Correlation(cheap, dear) for cheap, dear in combinations(ordered, 2)]
    return [pair for pair in found if pair.count >= LEAST]


def _rank(pairs: Floats, of: Statistic) -> Rank:
    if not _varies(pairs):
        return Rank(None, None, None)
    rng = np.random.default_rng(0)
    resamples = RESAMPLES if len(pairs) <= 1000 else RESAMPLES // 8
    drawn = (pairs[rng.integers(len(pairs), size=len(pairs))] for _ in range(resamples))
    values = [of(sample) for sample in drawn if _varies(sample)]
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(values, [tail, 100 - tail]) if values else (np.nan, np.nan)
    return Rank(of(pairs), float(low), float(high))


def _varies(pairs: Floats) -> bool:
    return bool((np.ptp(pairs, axis=0) > 0).all())
