"""Bayesian optimisation."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

import numpy as np

from nas_cli.spaces.contract import Space
from nas_cli.spaces.decision import counting
from nas_cli.spaces.decision_space import Values
from nas_cli.strategies.bayesian.settings import BayesianSettings
from nas_cli.strategies.bayesian.surrogate import Surrogate
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import best_fitness, check_told, decisions_of, finite, no_network

SUGGESTIONS = 50
"""Suggestions of the model for one trial before random candidates take over: a model that has settled on a region
beyond the limits, or on candidates that are all known, would suggest the same for ever."""


@final
class Bayesian:
    """Proposes what a model of the outcomes so far finds most promising.

    A batch is proposed one by one, each with the earlier ones of the batch as pending. A trial's randomness depends on
    (seed, trial). Outcomes at several budgets (`Outcome.metrics["budget"]`) have a model each; the one of the largest
    budget with `startup` outcomes proposes, as in BOHB (Falkner et al. 2018, Algorithm 2), which asks for 3 more than
    the number of decisions and leaves a third of the trials random (`explore`).
    """

    def __init__(self, settings: BayesianSettings, space: Space[Any], seed: int, admissible: Admissible) -> None:
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admissible = admissible
        self._decisions = decisions_of(space, settings.name)
        self._trials = settings.generations * settings.population
        self._told = 0
        self._best: float | None = None
        self._batch: list[Proposal] = []
        self._genotypes: dict[int, Values] = {}
        self._known: set[str] = set()
        self._models: dict[int, Surrogate] = {}
        self._outcomes: dict[int, int] = {}

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        size = min(wanted or self._settings.population, self._trials - self._told)
        if len(self._batch) != size:
            self._batch = self._propose(size)
        return list(self._batch)

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        check_told(outcomes, [proposal.trial for proposal in self.ask(len(self._batch) or None)])
        self._known |= {self._key(self._genotypes[outcome.trial]) for outcome in outcomes}
        self._told += len(outcomes)
        self._batch = []
        self.hear(outcomes)

    def hear(self, outcomes: Sequence[Outcome]) -> None:
        """Takes outcomes of candidates that were told before, at other budgets."""
        by_budget: dict[int, list[tuple[Values, float | None]]] = {}
        for outcome in outcomes:
            observed = (self._genotypes[outcome.trial], finite(outcome.fitness))
            by_budget.setdefault(int(outcome.metrics.get("budget", 0)), []).append(observed)
        for budget, observed_there in by_budget.items():
            self._outcomes[budget] = self._outcomes.get(budget, 0) + len(observed_there)
            self._model(budget).observe(observed_there)
        self._best = best_fitness([self._best, *(outcome.fitness for outcome in outcomes)])

    def describe(self) -> Mapping[str, Any]:
        return {"trials": self._told, "best_fitness": self._best, "model_budget": self._budget()}

    def _propose(self, size: int) -> list[Proposal]:
        budget = self._budget()
        model = None if budget is None else self._models[budget]
        if model is not None:
            model.observe([])
        pending: set[str] = set()
        batch = []
        for trial in range(self._told, self._told + size):
            genotype = self._genotype(trial, model, pending)
            pending.add(self._key(genotype))
            if model is not None:
                model.expect(genotype)
            batch.append(self._proposal(trial, genotype))
        return batch

    def _genotype(self, trial: int, model: Surrogate | None, pending: set[str]) -> Values:
        """The first new admissible candidate; of known ones the first admissible, where none is new."""
        rng = np.random.default_rng((self._seed, trial))
        again: Values | None = None
        for values in itertools.islice(self._drawn(model, rng), self._settings.attempts):
            if not self._admissible(self._space.architecture(values)):
                continue
            key = self._key(values)
            if self._settings.repeat or key not in self._known | pending:
                return values
            again = values if again is None else again
        if again is None:
            raise no_network(self._settings.attempts, trial)
        return again

    def _drawn(self, model: Surrogate | None, rng: np.random.Generator) -> Iterator[Values]:
        """Suggestions of the model, if there is one and chance does not decide for exploring, then random ones."""
        if model is not None and rng.random() >= self._settings.explore:
            yield from itertools.islice(model.suggest(rng), SUGGESTIONS)
        while True:
            yield self._space.sample(rng)

    def _proposal(self, trial: int, genotype: Values) -> Proposal:
        self._genotypes[trial] = genotype
        origin = {"genotype": self._space.encode(genotype)}
        return Proposal(trial, trial // self._settings.population, self._space.architecture(genotype), origin)

    def _key(self, genotype: Values) -> str:
        return repr(counting(self._decisions, genotype))

    def _budget(self) -> int | None:
        """The largest budget whose model has enough outcomes; None while none has."""
        enough = [budget for budget, count in self._outcomes.items() if count >= self._settings.startup]
        return max(enough, default=None)

    def _model(self, budget: int) -> Surrogate:
        if budget not in self._models:
            self._models[budget] = self._make_model()
        return self._models[budget]

    def _make_model(self) -> Surrogate:
        if self._settings.surrogate == "tpe":
            from nas_cli.strategies.bayesian.parzen import ParzenEstimators

            return ParzenEstimators(self._decisions, self._settings.draws)
        from nas_cli.strategies.bayesian.gaussian_process import GaussianProcess

        return GaussianProcess(self._decisions, self._settings.draws)
