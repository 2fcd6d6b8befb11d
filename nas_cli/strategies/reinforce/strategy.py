"""Policy-gradient search: a controller proposes, its parameters follow the fitness."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from nas_cli.spaces.contract import Space
from nas_cli.strategies.admission import Admission
from nas_cli.strategies.contract import Admissible, Outcome, Proposal
from nas_cli.strategies.exchange import best_fitness, check_told, decisions_of, finite
from nas_cli.strategies.reinforce.adam import Adam
from nas_cli.strategies.reinforce.controller import Controller, Episodes
from nas_cli.strategies.reinforce.factorised import FactorisedController
from nas_cli.strategies.reinforce.recurrent import RecurrentController
from nas_cli.strategies.reinforce.settings import ReinforceSettings
from nas_cli.strategies.reinforce.vocabulary import Vocabulary

WEIGHTS = 1
"""Marks the random stream of the controller's first weights; (seed, trial) is that of a trial's samples."""


@final
class Reinforce:
    """Samples `batch` candidates from the controller, then one step of Adam on the REINFORCE objective (Williams 1992;
    Zoph & Le 2017, section 3.2): mean of (fitness - baseline)·log π, plus an entropy bonus (Mnih et al. 2016).

    The baseline is a moving average of the mean fitness of a batch, which it starts from. A failed trial counts as the
    lowest fitness seen so far, or not at all before there is one. A candidate that is drawn again is evaluated again.
    Where no sample of the controller respects the limits, one of the space is proposed, and teaches nothing.
    """

    def __init__(self, settings: ReinforceSettings, space: Space[Any], seed: int, admissible: Admissible) -> None:
        self._settings = settings
        self._space = space
        self._seed = seed
        self._admission = Admission(space, admissible, settings.attempts, settings.population)
        self._vocabulary = Vocabulary(decisions_of(space, "reinforce"), settings.bins)
        self._controller: Controller = FactorisedController(self._vocabulary)
        if settings.controller == "recurrent":
            self._controller = RecurrentController(
                self._vocabulary, settings.units, np.random.default_rng((seed, 0, WEIGHTS))
            )
        self._adam = Adam(self._controller.parameters, settings.step)
        self._trials = settings.generations * settings.population
        self._told = 0
        self._best: float | None = None
        self._lowest = math.inf
        self._baseline: float | None = None
        self._batch: list[tuple[list[int], Proposal]] | None = None

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        return [proposal for _, proposal in self._samples(wanted)]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        batch = self._samples()
        check_told(outcomes, [proposal.trial for _, proposal in batch])
        told = [finite(outcome.fitness) for outcome in outcomes]
        self._told += len(batch)
        self._batch = None
        self._best = best_fitness([self._best, *told])
        self._lowest = min([self._lowest, *(value for value in told if value is not None)])
        if self._lowest < math.inf and batch:
            self._learn([actions for actions, _ in batch], [self._lowest if v is None else v for v in told])

    def describe(self) -> Mapping[str, Any]:
        """Trials told, the best fitness, and the baseline, which says how good the controller's samples have become."""
        return {"trials": self._told, "best_fitness": self._best, "baseline": self._baseline}

    def _learn(self, actions: Sequence[list[int]], rewards: Sequence[float]) -> None:
        mean = float(np.mean(rewards))
        before = mean if self._baseline is None else self._baseline
        self._baseline = before + (1 - self._settings.baseline) * (mean - before)
        own = [(taken, reward) for taken, reward in zip(actions, rewards, strict=True) if taken]
        if not own:
            return
        active = np.stack([self._vocabulary.active(taken) for taken, _ in own]).astype(np.float64)
        advantages = np.asarray([reward - self._baseline for _, reward in own])
        episodes = Episodes(np.asarray([taken for taken, _ in own]), active, advantages)
        self._adam.step(self._controller.gradient(episodes, self._settings.entropy)[1])

    def _samples(self, wanted: int | None = None) -> list[tuple[list[int], Proposal]]:
        if self._batch is None:
            trials = range(self._told, min(self._told + (wanted or self._settings.batch), self._trials))
            self._batch = [self._sample(trial) for trial in trials]
        return self._batch

    def _sample(self, trial: int) -> tuple[list[int], Proposal]:
        rng = np.random.default_rng((self._seed, trial))
        actions: list[int] = []

        def written() -> Any:
            actions[:] = self._controller.sample(rng)
            return self._vocabulary.values(actions)

        def sampled() -> Any:
            actions.clear()
            return self._space.sample(rng)

        genotype, candidate = self._admission.draw(trial, written, sampled)
        return actions, self._admission.proposal(trial, genotype, candidate)
