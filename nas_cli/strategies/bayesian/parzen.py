"""Tree-structured Parzen estimators, by Optuna."""

import itertools
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np

from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.decision import Categorical, Decision, counting, counts
from nas_cli.spaces.decision_space import Values
from nas_cli.strategies.bayesian.surrogate import resting

DRAWS = 24

GREEDY = 5
"""Suggestions that are each the best of several draws. Those after them are single draws from the good trials' density:
in a small space the best is soon the same candidate every time."""


@final
class ParzenEstimators:
    """TPE (Bergstra et al. 2011; Optuna's multivariate form with constant liar) on an in-memory study.

    Decisions under the same condition are sampled together, from the trials in which they counted. The prior is
    uniform, also where a decision has weights or a normal distribution: these shape the random candidates only.
    A failed trial counts as worse than every other. Optuna's sampler is made anew from a seed for every suggestion, so
    that a suggestion depends on that seed and on the outcomes, not on how many were asked for before.
    """

    def __init__(self, decisions: Sequence[Decision], draws: int | None) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._decisions = decisions
        self._draws = draws or DRAWS
        self._study = optuna.create_study(direction="maximize", storage=optuna.storages.InMemoryStorage())
        self._study.ask()
        self._asking = self._study.get_trials(deepcopy=False)[0]
        self._distributions = {decision.name: _distribution(decision) for decision in decisions}
        self._expected: list[int] = []

    def observe(self, observed: Sequence[tuple[Values, float | None]]) -> None:
        import optuna

        for number in self._expected:
            self._study.tell(number, state=optuna.trial.TrialState.FAIL)
        self._expected = []
        for values, fitness in observed:
            self._add(values, value=float("-inf") if fitness is None else fitness)

    def expect(self, values: Values) -> None:
        import optuna

        self._expected.append(len(self._study.get_trials(deepcopy=False)))
        self._add(values, state=optuna.trial.TrialState.RUNNING)

    def suggest(self, rng: np.random.Generator) -> Iterator[Values]:
        for attempt in itertools.count():
            yield self._suggestion(rng, self._draws if attempt < GREEDY else 1)

    def _suggestion(self, rng: np.random.Generator, draws: int) -> Values:
        chosen: dict[str, Scalar] = {}
        sampled: dict[str, Scalar] = {}
        for decision in self._decisions:
            if not counts(decision, chosen):
                continue
            if decision.name not in sampled:
                together = [other for other in self._decisions if other.when == decision.when]
                sampled |= self._sample(together, rng, draws)
            chosen[decision.name] = sampled[decision.name]
        return tuple(chosen.get(decision.name, resting(decision)) for decision in self._decisions)

    def _sample(self, together: Sequence[Decision], rng: np.random.Generator, draws: int) -> dict[str, Scalar]:
        open_ = {decision.name: self._distributions[decision.name] for decision in together}
        open_ = {name: distribution for name, distribution in open_.items() if not distribution.single()}
        found: dict[str, Any] = {}
        if open_:
            sampler = _sampler(int(rng.integers(2**32)), draws)
            found = sampler.sample_relative(self._study, self._asking, open_)
        return {d.name: _value(d, found[d.name]) if d.name in found else resting(d) for d in together}

    def _add(self, values: Values, **result: Any) -> None:
        import optuna

        known = counting(self._decisions, values)
        params = {d.name: _parameter(d, known[d.name]) for d in self._decisions if d.name in known}
        distributions = {name: self._distributions[name] for name in params}
        self._study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, **result))


def _sampler(seed: int, draws: int) -> Any:
    from optuna.samplers import TPESampler

    with warnings.catch_warnings():
        # Some releases of Optuna call these options experimental.
        warnings.simplefilter("ignore")
        return TPESampler(seed=seed, n_startup_trials=0, n_ei_candidates=draws, multivariate=True, constant_liar=True)


def _distribution(decision: Decision) -> Any:
    """Of the choice's position, of a whole number, or of a real number's place in [0, 1]."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    domain = decision.domain
    if isinstance(domain, Categorical):
        last = len(domain.choices) - 1
        return IntDistribution(0, last) if domain.ordered else CategoricalDistribution(tuple(range(last + 1)))
    if domain.whole:
        low, high = domain.from_unit(0.0), domain.from_unit(1.0)
        return IntDistribution(int(low), int(high), log=domain.distribution == "log_uniform")
    return FloatDistribution(0.0, 1.0)


def _parameter(decision: Decision, value: Scalar) -> Any:
    domain = decision.domain
    if isinstance(domain, Categorical):
        return domain.index(value)
    return int(value) if domain.whole else min(1.0, max(0.0, domain.unit(value)))


def _value(decision: Decision, parameter: Any) -> Scalar:
    domain = decision.domain
    if isinstance(domain, Categorical):
        return domain.choices[int(parameter)]
    if domain.whole:
        return int(parameter)
    return domain.from_unit(float(parameter))
