"""A Gaussian process with expected improvement, by scikit-learn."""

import warnings
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Any, final

import numpy as np

from nas_cli.spaces.decision import Decision
from nas_cli.spaces.decision_space import Values
from nas_cli.strategies.bayesian.encoding import Array, Encoding
from nas_cli.strategies.bayesian.expected_improvement import expected_improvement

DRAWS = 500
BEST = 5
"""How many of the best candidates' neighbours are looked at beside random candidates."""

GROWTH = 1.1
"""The kernel's parameters change little between two outcomes, and finding them costs as much as 30 suggestions."""


@final
class GaussianProcess:
    """Matérn-5/2 kernel and noise; proposes the largest expected improvement among random candidates and the neighbours
    of the best.

    The kernel's parameters are those of the largest likelihood, found anew whenever outcomes are a tenth more.
    Fitness enters by rank, as normal scores: accuracies of failed or diverged networks lie so far below the others
    that, as they are, they would set the scale. A failed trial has the rank of the worst. Pending candidates of a batch
    are believed to score the mean that is predicted for them (kriging believer, Ginsbourger et al. 2010). Improvement
    is over the highest mean at an observed candidate, not over the highest, noisy, observation.
    """

    def __init__(self, decisions: Sequence[Decision], draws: int | None) -> None:
        self._decisions = decisions
        self._draws = draws or DRAWS
        self._encoding = Encoding(decisions)
        self._observed: list[tuple[Values, float | None]] = []
        self._believed: list[Values] = []
        self._kernel: Any = None
        self._kernel_outcomes = 0
        self._fitted: Any = None
        self._current: Any = None

    def observe(self, observed: Sequence[tuple[Values, float | None]]) -> None:
        self._observed += observed
        self._believed = []
        self._current = self._fitted
        if observed:
            self._fitted = self._current = None

    def expect(self, values: Values) -> None:
        self._believed.append(values)
        self._current = None

    def suggest(self, rng: np.random.Generator) -> Iterator[Values]:
        if self._current is None:
            self._current = self._model()
        model, best = self._current
        candidates = [self._random(rng) for _ in range(self._draws)] + self._near_the_best()
        mean, deviation = model.predict(self._encoding(candidates), return_std=True)
        order = np.argsort(-expected_improvement(mean, deviation, best), kind="stable")
        return (candidates[at] for at in order)

    def _model(self) -> tuple[Any, float]:
        """The process given outcomes and beliefs, and the highest mean at an observed candidate."""
        inputs, targets = self._encoding([values for values, _ in self._observed]), self._targets()
        if self._fitted is None:
            self._fitted = self._condition(inputs, targets)
        model, best = self._fitted
        if not self._believed:
            return model, best
        believed = self._encoding(self._believed)
        inputs, targets = np.vstack([inputs, believed]), np.append(targets, model.predict(believed))
        return _fit(inputs, targets, self._kernel, optimise=False), best

    def _condition(self, inputs: Array, targets: Array) -> tuple[Any, float]:
        due = len(targets) >= GROWTH * self._kernel_outcomes
        model = _fit(inputs, targets, _kernel() if due else self._kernel, optimise=due)
        if due:
            self._kernel, self._kernel_outcomes = model.kernel_, len(targets)
        return model, float(np.max(model.predict(inputs)))

    def _targets(self) -> Array:
        """The normal score of each outcome's rank; equal outcomes have equal scores."""
        known = [fitness for _, fitness in self._observed if fitness is not None]
        worst = min(known, default=0.0)
        return normal_scores(np.array([worst if fitness is None else fitness for _, fitness in self._observed]))

    def _near_the_best(self) -> list[Values]:
        order = np.argsort(-self._targets(), kind="stable")[:BEST]
        near: dict[Values, None] = {}
        for at in order:
            values = self._observed[at][0]
            for position, decision in enumerate(self._decisions):
                for other in decision.domain.neighbours(values[position]):
                    near[(*values[:position], other, *values[position + 1 :])] = None
        return list(near)

    def _random(self, rng: np.random.Generator) -> Values:
        return tuple(decision.domain.sample(rng) for decision in self._decisions)


def normal_scores(values: Array) -> Array:
    """Φ⁻¹((rank − ½) / n) of each of n values, the lowest having rank 1 and equal ones their mean rank."""
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    scores = np.array([NormalDist().inv_cdf(place) for place in (ranks - 0.5) / len(values)])
    result: Array = scores[at]
    return result


def _kernel() -> Any:
    from sklearn.gaussian_process.kernels import (
        ConstantKernel,
        Matern,
        WhiteKernel,
    )

    matern = Matern(1.0, (0.05, 20.0), nu=2.5)
    return ConstantKernel(1.0, (0.05, 20.0)) * matern + WhiteKernel(0.1, (1e-4, 1.0))


def _fit(inputs: Array, targets: Array, kernel: Any, optimise: bool) -> Any:
    """The process; its kernel's parameters start from the same values every time, so that it depends on data alone."""
    from sklearn.gaussian_process import GaussianProcessRegressor

    model = GaussianProcessRegressor(kernel, alpha=1e-8, optimizer="fmin_l_bfgs_b" if optimise else None)
    with warnings.catch_warnings():
        # A parameter at the end of its range is no fault.
        warnings.simplefilter("ignore")
        return model.fit(inputs, targets)
