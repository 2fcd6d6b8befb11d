"""What every estimator offers: a score for an architecture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Candidate
from nas_cli.spaces.morphism import Morphism

Progress = Callable[[Mapping[str, float]], None]
"""Called after every epoch with {"epoch": 1, "epochs": 8, "valid_accuracy": …}."""


@dataclass(frozen=True)
class Donor:
    """A trained network, and which of its layers a new one starts from.

    `layers`: name of the new network's layer → name of the donor's. `trial` made the donor, `file` holds it.
    """

    trial: int
    file: Path
    layers: Mapping[str, str]


@dataclass(frozen=True)
class Hints:
    """What the trials of earlier generations say about a new one; an estimator may use it or not.

    `compress`: False where this network is to be scored as it is. `bar`: a fitness that a network must promise to be
    worth its training. `ratio`: mean FLOPs before over after compression; None where it is not known, or is to be
    found out anew. `donors`: the first one that has a layer gives its weights. `epochs`: the budget of this evaluation
    in all, None the estimator's own; `continues`, the same candidate trained for `trained_epochs` of them already (its
    `layers` are empty: all of them). `parent`, the nearest evaluated network (its `layers` likewise), and the
    function-preserving changes `morphisms` that lead from it to this one. `filter_bar`: the least proxy of candidates
    that are trained.
    `final`: the search is over and this is its result, whose network is missing: estimators that train nothing or not
    fully then do.
    """

    compress: bool = True
    bar: float | None = None
    ratio: float | None = None
    donors: tuple[Donor, ...] = ()
    epochs: int | None = None
    continues: Donor | None = None
    trained_epochs: int = 0
    parent: Donor | None = None
    morphisms: tuple[Morphism, ...] = ()
    filter_bar: float | None = None
    final: bool = False


NO_HINTS = Hints()


@dataclass(frozen=True)
class Score:
    """The outcome of one estimate.

    `metrics` holds plain floats: valid_accuracy, valid_loss, train_accuracy, train_loss, train_seconds,
    evaluation_seconds, images_per_second, epochs. `fitness` is higher-is-better. `curve` has one mapping per epoch.
    `failure` is None, or the reason why the network has no score ('diverged', 'out of time', …). `extra` holds JSON
    values for the journal and the report, e.g. precision, the Keras dtype policy. `trained` is the architecture that
    was really trained where it is not the one asked for. `cost` is what the estimator knows of the candidate's cost
    (flops, params, … of a table's row), where it is not counted from an architecture.
    """

    fitness: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[Mapping[str, float], ...] = ()
    failure: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    trained: Architecture | None = None
    cost: Mapping[str, Any] | None = None


class Estimator(Protocol):
    """Turns a candidate into a score; the same candidate, seed and hints give the same score."""

    def estimate(
        self,
        architecture: Candidate,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        """The score of a candidate; the trained network is saved to `model_file` if one is given."""
        ...

    def test(self, model_file: Path) -> Mapping[str, float]:
        """test_accuracy (or test_rmse) and test_loss of a saved network on the test set."""
        ...
