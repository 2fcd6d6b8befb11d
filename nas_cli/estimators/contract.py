"""What every estimator offers: a score for an architecture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nas_cli.spaces.architecture import Architecture

Progress = Callable[[Mapping[str, float]], None]
"""Called after every epoch with {"epoch": 1, "epochs": 8, "valid_accuracy": …}."""


@dataclass(frozen=True)
class Score:
    """The outcome of one estimate.

    `metrics` holds plain floats: valid_accuracy, valid_loss, train_accuracy, train_loss, train_seconds,
    evaluation_seconds, images_per_second, epochs. `fitness` is higher-is-better. `curve` has one mapping per epoch.
    `failure` is None, or the reason why the network has no score ('diverged', 'out of time', …). `extra` holds JSON
    values for the journal and the report, e.g. precision, the Keras dtype policy.
    """

    fitness: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[Mapping[str, float], ...] = ()
    failure: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Estimator(Protocol):
    """Turns an architecture into a score; the same architecture and seed give the same score."""

    def estimate(self, architecture: Architecture, seed: int, model_file: Path | None, progress: Progress) -> Score:
        """The score of `architecture`; the trained network is saved to `model_file` if one is given."""
        ...

    def test(self, model_file: Path) -> Mapping[str, float]:
        """test_accuracy (or test_rmse) and test_loss of a saved network on the test set."""
        ...
