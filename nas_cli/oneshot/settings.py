"""Settings of the strategies that train a supernet; checked without TensorFlow."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from nas_cli.errors import ConfigError
from nas_cli.oneshot.structure_settings import PriorSettings, StructureSettings
from nas_cli.relevance.settings import RelevanceSettings
from nas_cli.schema import choice, number


@dataclass(frozen=True, kw_only=True)
class WeightSettings:
    """How the weights of a supernet are trained.

    `optimizer`: momentum, with `momentum` and `weight_decay` as DARTS has them, or adam. The learning rate falls from
    `learning_rate` to `final_learning_rate` along a cosine. `clip_norm`: largest norm of the gradient, None for any.
    """

    optimizer: str = choice("momentum", "adam")
    learning_rate: float = number(0, open_low=True)
    final_learning_rate: float = number(0)
    momentum: float = number(0, 1, open_high=True)
    weight_decay: float = number(0)
    clip_norm: float | None = number(0, open_low=True)


@dataclass(frozen=True, kw_only=True)
class AlphaSettings:
    """How the logits of the structure are trained, with Adam: its rate, `beta_1`, and a decay inside the gradient."""

    learning_rate: float = number(0, open_low=True)
    beta_1: float = number(0, 1, open_high=True)
    weight_decay: float = number(0)


@dataclass(frozen=True, kw_only=True)
class SupernetSettings(ABC):
    """What all strategies with a supernet have.

    `searches`: independent ones, each with a supernet and seed of its own. `epochs`, over the training examples, half
    of which train weights while the other half decides; `batch_size` of each. `path_dropout`: probability with which
    an operation of an edge is left out in a step (spaces cell and nasbench201). `random`: random networks that are
    trained beside the found ones; None is as many as the searches' computation pays for, at most `generations` ×
    `population`. `attempts` draws to find one that respects the limits.
    """

    supernet: ClassVar[bool] = True

    name: str
    searches: int = number(1)
    epochs: int = number(1)
    batch_size: int = number(1)
    weights: WeightSettings
    path_dropout: float = number(0, 1, open_high=True)
    random: int | None = number(0)
    generations: int = number(1)
    population: int = number(1)
    attempts: int = number(1)

    @property
    @abstractmethod
    def found(self) -> int:
        """How many networks the searches give."""

    @property
    @abstractmethod
    def passes(self) -> float:
        """Forward and backward passes of a training example in an epoch, on average."""

    @property
    @abstractmethod
    def search_passes(self) -> float:
        """The same in a whole search."""


@dataclass(frozen=True, kw_only=True)
class DartsSettings(SupernetSettings):
    """Differentiable search.

    `order` of the structure's gradient, see `nas_cli.oneshot.bilevel`. `warm_up`: share of the search over which λ of
    the prior, and the divergence of Gaussian weights, grow from 0. `cost_weight`: λ of the expected FLOPs, relative to
    the largest possible. `incoming`: edges that each vertex of a graph of space dag keeps; None is any number.
    `max_skips`: a derived cell with more skip connections ends its search; None never.
    """

    order: int = number(1, 2)
    alpha: AlphaSettings
    structure: StructureSettings
    prior: PriorSettings
    relevance: RelevanceSettings
    warm_up: float = number(0, 1)
    cost_weight: float = number(0)
    incoming: int | None = number(1)
    max_skips: int | None = number(0)

    def __post_init__(self) -> None:
        if self.order == 2 and self.weights.optimizer != "momentum":
            raise ConfigError(
                f"strategy.order=2 unrolls a step of gradient descent, which {self.weights.optimizer} is not: use "
                "strategy.weights.optimizer=momentum or strategy.order=1."
            )
        if self.relevance.name == "ard" and self.relevance.update == "hypergradient" and self.order == 1:
            raise ConfigError(
                "strategy.relevance.update=hypergradient needs strategy.order=2: the first-order gradient of the "
                "precisions is zero. Use order=2 or update=closed_form."
            )

    @property
    def found(self) -> int:
        return self.searches

    @property
    def passes(self) -> float:
        # The second order takes four for a step of the structure.
        return 1.0 if self.order == 1 else 2.5

    @property
    def search_passes(self) -> float:
        return self.epochs * self.passes


@dataclass(frozen=True, kw_only=True)
class OneShotSettings(SupernetSettings):
    """Search among networks that take their weights from a supernet trained on single networks.

    `sampling`: how `scored` networks per search are chosen, at random or by regularized evolution of
    `evolution_population` and `evolution_sample`. `top`: the best of each search, which are trained on their own.
    """

    sampling: str = choice("random", "evolution")
    scored: int = number(1)
    top: int = number(1)
    evolution_population: int = number(1)
    evolution_sample: int = number(1)

    def __post_init__(self) -> None:
        if self.top > self.scored:
            raise ConfigError(f"strategy.top={self.top} of strategy.scored={self.scored} networks: score more.")

    @property
    def found(self) -> int:
        return self.searches * self.top

    @property
    def passes(self) -> float:
        # Half of the examples train weights, the others judge them at the end.
        return 0.5

    @property
    def search_passes(self) -> float:
        # Every network is scored on that half, forward alone: a third of the work.
        return self.epochs * self.passes + self.scored * 0.5 / 3
