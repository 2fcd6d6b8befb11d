"""One differentiable search: a supernet's weights and structure trained in turn, epoch by epoch."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, final

import keras
import numpy as np
import tensorflow as tf

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import Ring
from nas_cli.errors import RunError
from nas_cli.oneshot.bilevel import Bilevel
from nas_cli.oneshot.expected_cost import ExpectedCost
from nas_cli.oneshot.guards import signs, stop_reason
from nas_cli.oneshot.halves import Halves
from nas_cli.oneshot.make_supernet import make_supernet
from nas_cli.oneshot.noise import WithNoise
from nas_cli.oneshot.priors import Prior
from nas_cli.oneshot.settings import DartsSettings
from nas_cli.oneshot.structure import Structure
from nas_cli.oneshot.supernet import groups
from nas_cli.oneshot.weight_rates import cosine, weight_optimizer
from nas_cli.relevance.relevance import divergence, gaussians, update_precisions
from nas_cli.spaces.decision_space import Values
from nas_cli.training.losses import plain_objective

NONE = "none"


@final
class DifferentiableSearch:
    """A `nas_cli.oneshot.phase.Search`: everything in it is among its `variables` or follows from the arguments."""

    def __init__(
        self,
        space: Any,
        dataset: Dataset,
        augmentation: AugmentationSettings,
        settings: DartsSettings,
        seed: int,
        ring: Ring,
    ) -> None:
        self._space, self._settings, self._seed = space, settings, seed
        self.net = make_supernet(
            space,
            dataset,
            seed,
            path_dropout=settings.path_dropout,
            relevance=settings.relevance,
            incoming=settings.incoming,
        )
        self._halves = Halves(dataset, augmentation, settings.batch_size, seed, ring)
        self._objective = plain_objective(dataset)
        self._structure = Structure(settings.structure, groups(self.net.edges))
        self._cost = ExpectedCost(space)
        self._grown = tf.Variable(0.0, trainable=False, name="grown")
        self._bilevel = self._made_bilevel(len(dataset.train), dataset.task == "regression", ring)
        self._ring, self._steps = ring, settings.epochs * self._halves.steps

    @property
    def variables(self) -> list[Any]:
        """All that a checkpoint has to keep."""
        bilevel = self._bilevel
        return [
            *self.net.alpha,
            *self._trained.weights,
            *bilevel.weight_optimizer.variables,
            *bilevel.alpha_optimizer.variables,
        ]

    def run_epoch(self, number: int, asked_to_stop: Any) -> dict[str, Any]:
        """What the journal says of epoch 0, 1, …; `asked_to_stop()` is called before each step.

        Raises:
            RunError: a loss is not finite.
        """
        totals, step = np.zeros(4), number * self._halves.steps
        for train, valid in self._halves.epoch(number):
            asked_to_stop()
            totals += self._step(step, train, valid)
            step += 1
        means = np.mean(self._ring.gather((totals / self._halves.steps).tolist()), axis=0)
        if not np.isfinite(means).all():
            raise RunError("the supernet diverged: lower strategy.weights.learning_rate or alpha.learning_rate.")
        return self._epoch_event(step / self._steps, means.tolist())

    def stop_reason(self, event: Mapping[str, Any]) -> str | None:
        """Why to end the search behind this epoch; None to go on."""
        return stop_reason(signs_of(event), self._settings.max_skips, self.net.kinds[0])

    def found(self, epochs: int, asked_to_stop: Any) -> list[Values]:
        """The derived network, at the temperature that the search has reached."""
        return [self.net.derive(self._gamma(epochs / self._settings.epochs))]

    def scores(self, genotypes: Sequence[Values], asked_to_stop: Any) -> None:
        """None: networks of a mixture have no scores of their own."""

    def _step(self, step: int, train: Any, valid: Any) -> Any:
        """(training loss and score, validation loss and score) of one step of structure and weights."""
        settings, fraction = self._settings.weights, step / self._steps
        rate = cosine(settings.learning_rate, settings.final_learning_rate, fraction)
        self._bilevel.weight_optimizer.learning_rate.assign(rate)
        self._grown.assign(min(1.0, fraction / self._settings.warm_up) if self._settings.warm_up else 1.0)
        noise = np.array([[self._seed, 2 * step], [self._seed, 2 * step + 1]], np.int32)
        judged, outputs = self._bilevel.alpha_step(train, valid, fraction, noise[0])
        judged_score = self._score(outputs, valid[1])
        trained, outputs = self._bilevel.weight_step(train, fraction, noise[1])
        return np.array([trained, self._score(outputs, train[1]), judged, judged_score], np.float64)

    def _score(self, outputs: Any, targets: Any) -> float:
        return float(tf.reduce_mean(self._objective.scores(outputs, tf.convert_to_tensor(targets))))

    def _gamma(self, fraction: float) -> list[Any]:
        return [np.asarray(one) for one in self._structure.gamma(self.net.alpha, fraction, None, False)]

    def _epoch_event(self, fraction: float, means: Sequence[float]) -> dict[str, Any]:
        metric, summary = self._objective.metric, self._objective.summary
        gamma = self._gamma(fraction)
        genotype = self.net.derive(gamma)
        by_kind = dict(zip(self.net.kinds, gamma, strict=True))
        chosen = {
            kind: [self.net.operations[column] for column in np.argmax(matrix, axis=1)]
            for kind, matrix in zip(self.net.kinds, self.net.one_hot(genotype), strict=True)
        }
        return {
            "train_loss": means[0],
            f"train_{metric}": summary(means[1]),
            "valid_loss": means[2],
            f"valid_{metric}": summary(means[3]),
            "temperature": float(self._structure.temperature(fraction)),
            "gamma": {kind: np.round(matrix.astype(float), 5).tolist() for kind, matrix in by_kind.items()},
            "signs": signs(by_kind, chosen, self.net.operations).to_json(),
            "genotype": self._space.encode(genotype),
            "expected_flops": float(self._cost.flops([tf.constant(matrix) for matrix in gamma])),
        }

    def _made_bilevel(self, examples: int, regression: bool, ring: Ring) -> Bilevel:
        settings, net = self._settings, self.net
        weights = gaussians(getattr(net, "layers", []))
        # The divergence is weighed against a likelihood, which for numbers has a noise.
        noisy = WithNoise(net) if weights and regression else None
        self._trained: Any = noisy or net
        alpha = settings.alpha
        return Bilevel(
            self._trained,
            partial(_mean_loss, self._objective, noisy),
            partial(_mean_loss, self._objective, noisy),
            weight_optimizer(settings.weights, self._trained.trainable_weights, bool(weights), examples // 2),
            keras.optimizers.Adam(alpha.learning_rate, beta_1=alpha.beta_1),
            settings.order,
            structure=self._structure,
            penalties=self._penalties(),
            regularizer=(lambda: self._grown * divergence(weights) / (examples // 2)) if weights else None,
            hyper=[one.log_precision for one in weights] if settings.relevance.update == "hypergradient" else (),
            outer_update=partial(update_precisions, weights)
            if weights and settings.relevance.update == "closed_form"
            else None,
            alpha_decay=alpha.weight_decay,
            ring=ring,
        )

    def _penalties(self) -> list[Any]:
        made: list[Any] = []
        if self._settings.prior.name != NONE:
            prior = Prior(self._settings.prior, self._structure)
            made.append(lambda alpha, gamma: self._grown * prior.penalty(alpha, gamma))
        if self._settings.cost_weight:
            made.append(lambda alpha, gamma: self._settings.cost_weight * self._cost(alpha, gamma))
        return made


def signs_of(event: Mapping[str, Any]) -> Any:
    """The signs that an epoch's event holds."""
    from nas_cli.oneshot.guards import Signs

    found = event["signs"]
    return Signs(
        found["skips"],
        {kind: tuple(values) for kind, values in found["entropy"].items()},
        {kind: tuple(names) for kind, names in found["dominant"].items()},
    )


def _mean_loss(objective: Any, noisy: WithNoise | None, outputs: Any, targets: Any) -> Any:
    losses = objective.losses(outputs, targets)
    return tf.reduce_mean(losses if noisy is None else noisy.nll(losses))
