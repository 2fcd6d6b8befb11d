"""Settings of the estimators; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.costs.devices import THIS_MACHINE, find_device
from nas_cli.errors import ConfigError
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
    """

    name: str
    epochs: int | None = number(1)
    train_size: int | None = number(1)
    resolution: int | None = number(4)
    score: str = choice("last", "best")
    cache: bool
    reuse: bool
    stop_early: bool


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
