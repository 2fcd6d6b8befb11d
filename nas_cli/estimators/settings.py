"""Settings of the estimators; checked without TensorFlow."""

import math
from dataclasses import dataclass
from typing import ClassVar

from nas_cli.costs.devices import THIS_MACHINE, find_device
from nas_cli.distill.settings import DistillSettings
from nas_cli.errors import ConfigError
from nas_cli.estimators.extrapolation import FEWEST
from nas_cli.estimators.filter import FilterSettings
from nas_cli.morph.settings import MorphSettings
from nas_cli.schema import choice, number


@dataclass(frozen=True, kw_only=True)
class TrainEstimatorSettings:
    """Train, then score on the validation split; the low-fidelity budgets make a trial cheaper.

    `epochs`, `train_size`, `resolution`: budgets of a trial; None takes the training's and the data set's own.
    `score`: fitness is the validation accuracy of the last or of the best epoch.

    What trials may use of earlier generations, each by itself: `cache`, a network equal to an earlier one takes over
    its score; `reuse`, modules that an earlier network contained start from its trained weights where the shapes are
    equal; `stop_early`, a training ends when the extrapolation of its learning curve promises less than the median
    network of the generation before.
    `filter`: candidates that a proxy at initialisation holds back are not trained.
    `distill_from`: a run or .keras file (several: A,B) whose answers every network learns too, as `distill` says.
    """

    inherits: ClassVar[bool] = False

    name: str
    epochs: int | None = number(1)
    train_size: int | None = number(1)
    resolution: int | None = number(4)
    score: str = choice("last", "best")
    cache: bool
    reuse: bool
    stop_early: bool
    filter: FilterSettings
    distill_from: str | None = None
    distill: DistillSettings | None = None

    def passes(self, epochs: int) -> float:
        """Passes over the training examples that a trial with a budget of `epochs` takes at most, no compression."""
        return float(epochs)


@dataclass(frozen=True, kw_only=True)
class MorphEstimatorSettings(TrainEstimatorSettings):
    """Compress each network with MorphNet (`morph`), then train what is left of it and score that.

    `weights`: the compressed network starts from new weights and trains all `epochs` (scratch, as in the thesis), or
    from those that survived the compression, whose epochs then count towards `epochs` (surviving). `skip`: a network
    is not compressed where the thesis' model, with the mean ratio of the earlier generations, predicts no gain; the
    first network of every generation that is to be compressed and not in the cache always is, so that the ratio
    stays known. Only with weights=scratch: with surviving ones compression replaces training and costs nothing to
    skip. A latency target needs a named device, the same on every day.
    """

    morph: MorphSettings
    weights: str = choice("scratch", "surviving")
    skip: bool

    def __post_init__(self) -> None:
        if self.skip and self.weights == "surviving":
            raise ConfigError(
                "estimator.skip=true needs estimator.weights=scratch: with surviving weights the compression's epochs "
                "replace training epochs, and skipping them saves nothing."
            )
        if self.morph.target != "latency":
            return
        if self.morph.device == THIS_MACHINE:
            raise ConfigError(
                "estimator.morph.target=latency needs a named device, not this_machine, which would be timed anew in "
                "every trial: choose one, estimator.morph.device=laptop_cpu say."
            )
        find_device(self.morph.device)


@dataclass(frozen=True, kw_only=True)
class InheritEstimatorSettings(TrainEstimatorSettings):
    """Start from the weights of the nearest evaluated network, and train that for `inherited_epochs`.

    `epochs` is the budget of networks without one to inherit from; `inherited_epochs` None takes it too. `noise`:
    standard deviation, relative to that of the kernel, that tells the copies of a widened layer apart; with 0 the
    child begins with exactly its parent's answers.
    """

    inherits: ClassVar[bool] = True

    inherited_epochs: int | None = number(1)
    noise: float = number(0)

    def passes(self, epochs: int) -> float:
        return float(max(epochs, self.inherited_epochs or 0))

    def __post_init__(self) -> None:
        if self.reuse:
            raise ConfigError("estimator.reuse=true and estimator=inherit both say where weights come from: use one.")


@dataclass(frozen=True, kw_only=True)
class ExtrapolateEstimatorSettings(TrainEstimatorSettings):
    """Train `fraction` of the epochs (at least 3, where there are as many), and score what the curve promises."""

    fraction: float = number(0, 1, open_low=True)

    def passes(self, epochs: int) -> float:
        return float(self.trained(epochs))

    def trained(self, epochs: int) -> int:
        """The epochs that are trained of a budget."""
        return min(epochs, max(FEWEST, math.ceil(self.fraction * epochs)))


@dataclass(frozen=True, kw_only=True)
class CrossValidationEstimatorSettings(TrainEstimatorSettings):
    """Train on `folds` splits of the training and validation examples, and score the mean."""

    folds: int = number(2)

    def passes(self, epochs: int) -> float:
        return float(self.folds * epochs)


@dataclass(frozen=True, kw_only=True)
class ZeroCostEstimatorSettings(TrainEstimatorSettings):
    """Score untrained networks by `proxy` on a minibatch of `examples`; all is the mean of the three in log units.

    The chosen network is trained at the end, once: `epochs` and `score` are of that training.
    """

    proxy: str = choice("synflow", "naswot", "grad_norm", "all")
    examples: int = number(2)

    def passes(self, epochs: int) -> float:
        return 0.0

    def __post_init__(self) -> None:
        for key, value in (("reuse", self.reuse), ("stop_early", self.stop_early)):
            if value:
                raise ConfigError(f"estimator.{key}=true: estimator=zero_cost trains no candidate; must be false.")
        if self.filter.proxy != "none":
            raise ConfigError(f"estimator.filter.proxy={self.filter.proxy}: with zero_cost the proxy is the score; "
                              "use none.")  # fmt: skip
