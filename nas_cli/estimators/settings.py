"""Settings of the estimators; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.schema import choice, number


@dataclass(frozen=True)
class TrainEstimatorSettings:
    """Train, then score on the validation split; the low-fidelity budgets make a trial cheaper.

    `epochs`, `train_size`, `resolution`: budgets of a trial; None takes the training's and the data set's own.
    `score`: fitness is the validation accuracy of the last or of the best epoch.
    """

    name: str
    epochs: int | None = number(1)
    train_size: int | None = number(1)
    resolution: int | None = number(4)
    score: str = choice("last", "best")
