"""Settings of the estimator that takes irrelevant weights away; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.estimators.settings import TrainEstimatorSettings
from nas_cli.schema import choice, number


@dataclass(frozen=True, kw_only=True)
class RelevanceEstimatorSettings(TrainEstimatorSettings):
    """Train each network with Gaussian weights and ARD, remove what is irrelevant, and score the smaller network.

    `share`: which weights of a layer have one precision, and are judged, together: none, those of one input, or those
    of one output. `threshold`: weights with |mean|/deviation below it go. `tolerance`: None takes that threshold; else
    the largest of a curve around it (0.1 to 4 times) whose removal costs at most this share of the validation
    accuracy, or adds it to the error, is taken, and 0 where none is.
    `initial_log_variance`: log σ² at the start. `variance_rate`: how much faster than means log variances are trained.
    `warm_up`: the share of the training in which the divergence grows to its full weight, `divergence_weight` times
    that in the evidence bound. `fine_tune`: epochs behind the budget's, in which removed weights stay away.
    `input_noise`: deviations of noise, in units of each input's own, at which the smaller network is scored too.
    """

    share: str = choice("weight", "input", "output")
    threshold: float = number(0)
    initial_log_variance: float = number(-20, 0)
    variance_rate: float = number(0, open_low=True)
    warm_up: float = number(0, 1)
    divergence_weight: float = number(0, open_low=True)
    tolerance: float | None = number(0)
    fine_tune: int = number(0)
    input_noise: tuple[float, ...] = number(0)

    def passes(self, epochs: int) -> float:
        return float(epochs + self.fine_tune)
