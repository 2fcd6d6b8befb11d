"""One search on inherited weights: a supernet trained on single networks, which it then scores without training."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import keras
import numpy as np

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import Ring
from nas_cli.errors import RunError
from nas_cli.oneshot.halves import Halves
from nas_cli.oneshot.make_supernet import make_supernet
from nas_cli.oneshot.sampled import Sampled, uniform
from nas_cli.oneshot.settings import OneShotSettings, WeightSettings
from nas_cli.oneshot.weight_rates import cosine
from nas_cli.spaces.decision_space import Values
from nas_cli.strategies.contract import Admissible, Outcome
from nas_cli.strategies.regularized_evolution import RegularizedEvolution, RegularizedEvolutionSettings
from nas_cli.training.losses import plain_objective


@final
class SinglePathSearch:
    """A `nas_cli.oneshot.phase.Search`: everything in it is among its `variables` or follows from the arguments.

    Networks are scored on the half of the training examples that did not train the weights.
    """

    def __init__(
        self,
        space: Any,
        dataset: Dataset,
        augmentation: AugmentationSettings,
        settings: OneShotSettings,
        seed: int,
        ring: Ring,
        candidates: Any,
        admissible: Admissible,
    ) -> None:
        """`candidates`: the space as `admissible` judges it, of networks or of points."""
        self._space, self._settings, self._seed, self._ring = space, settings, seed, ring
        self._candidates, self._admissible, self._objective = candidates, admissible, plain_objective(dataset)
        self.net = make_supernet(space, dataset, seed, path_dropout=settings.path_dropout)
        self._halves = Halves(dataset, augmentation, settings.batch_size, seed, ring)
        self._optimizer = _optimizer(settings.weights)
        self._sampled = Sampled(self.net, self._objective.losses, self._objective.scores, self._optimizer, ring)

    @property
    def variables(self) -> list[Any]:
        """All that a checkpoint has to keep."""
        return [*self.net.weights, *self._optimizer.variables]

    def run_epoch(self, number: int, asked_to_stop: Any) -> dict[str, Any]:
        """What the journal says of epoch 0, 1, …; `asked_to_stop()` is called before each step.

        Raises:
            RunError: a loss is not finite.
        """
        weights, steps = self._settings.weights, self._halves.steps
        totals, step = np.zeros(2), number * steps
        for batch, _ in self._halves.epoch(number):
            asked_to_stop()
            rate = cosine(weights.learning_rate, weights.final_learning_rate, step / (self._settings.epochs * steps))
            totals += self._sampled.train(uniform(self._space, self._seed, step), batch, rate)
            step += 1
        loss, score = np.mean(self._ring.gather((totals / steps).tolist()), axis=0).tolist()
        if not np.isfinite(loss):
            raise RunError("the supernet diverged: lower strategy.weights.learning_rate.")
        return {"train_loss": loss, f"train_{self._objective.metric}": self._objective.summary(score)}

    def stop_reason(self, event: Mapping[str, Any]) -> None:
        """None: there is nothing to watch for."""

    def found(self, epochs: int, asked_to_stop: Callable[[], None]) -> list[Values]:
        """The genotypes to score, in order; those of an evolution have been scored to find them."""
        return [values for values, _ in self._explored(asked_to_stop)]

    def scores(self, genotypes: Sequence[Values], asked_to_stop: Callable[[], None]) -> list[float]:
        """The metric of each network with the supernet's weights, negative where lower is better; computes anew.

        `asked_to_stop()` is called before each network.
        """
        scores = []
        for values in genotypes:
            asked_to_stop()
            scores.append(self._score(values))
        return scores

    def _score(self, genotype: Values) -> float:
        sign = 1.0 if self._objective.higher_is_better else -1.0
        return sign * self._objective.summary(self._sampled.score(genotype, self._halves.judging()))

    def _explored(self, asked_to_stop: Callable[[], None]) -> list[tuple[Values, float]]:
        settings, known = self._settings, dict[Values, float]()
        size = settings.evolution_population if settings.sampling == "evolution" else settings.scored
        plan = RegularizedEvolutionSettings(
            "regularized_evolution", -(-settings.scored // size), size, settings.evolution_sample, 1, 0.0,
            settings.attempts,
        )  # fmt: skip
        evolution = RegularizedEvolution(plan, self._candidates, self._seed, self._admissible)
        explored: list[tuple[Values, float]] = []
        while len(explored) < settings.scored and (proposals := evolution.ask()):
            outcomes = []
            for proposal in proposals:
                # Whether it is known or not: all processes of a ring ask as often.
                asked_to_stop()
                values = self._space.decode(proposal.origin["genotype"])
                if values not in known:
                    known[values] = self._score(values)
                explored.append((values, known[values]))
                outcomes.append(Outcome(proposal.trial, known[values]))
            evolution.tell(outcomes)
        return explored[: settings.scored]


def _optimizer(settings: WeightSettings) -> Any:
    common = {"learning_rate": settings.learning_rate, "global_clipnorm": settings.clip_norm}
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(**common)
    return keras.optimizers.SGD(momentum=settings.momentum, weight_decay=settings.weight_decay or None, **common)
