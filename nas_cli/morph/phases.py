"""The phases of a morph run, in order: what each starts from, and for how long it trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nas_cli.errors import ConfigError
from nas_cli.morph.length import compression_epochs, phase_length
from nas_cli.morph.loop_settings import LoopSettings
from nas_cli.morph.settings import MorphSettings
from nas_cli.runs.seeds import trial_seed

START = "start"
"""The network as it came."""

TRAIN, RETRAIN, BASELINE = "train", "retrain", "baseline"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase; `name` is unique in the run, `source` the phase (or START) whose network it begins with.

    `kind`: train, shrink, retrain or baseline. `iteration`: of the shrinking, from 1; 0 where it has none.
    `fresh`: the weights are drawn anew. `epochs`: as the journal counts them, of a shrinking phase for each multiplier;
    `passes`: over the training examples, of a shrinking phase with all its multipliers.
    """

    name: str
    kind: str
    iteration: int
    source: str
    epochs: int
    passes: float
    seed: int
    fresh: bool = False


def phases(morph: MorphSettings, loop: LoopSettings, retraining: int, seed: int, batches: int) -> list[Phase]:
    """Every phase of a run in order; `retraining`: epochs of the last training, `batches`: of one epoch.

    A phase's seed follows from the run's seed and its position, whenever and in whatever session it runs.
    """
    made: list[Phase] = []
    length, passes = phase_length(morph, batches), compression_epochs(morph, batches)

    def add(name: str, kind: str, epochs: int, **more: Any) -> None:
        same: dict[str, Any] = {"iteration": 0, "source": made[-1].name if made else START, "passes": float(epochs)}
        made.append(Phase(name=name, kind=kind, epochs=epochs, seed=trial_seed(seed, len(made)), **(same | more)))

    if loop.train_first:
        add(TRAIN, TRAIN, loop.train_first)
    for iteration in range(1, loop.iterations + 1):
        add(f"shrink-{iteration}", "shrink", length.epochs, iteration=iteration, passes=passes)
    if loop.retrain != "none":
        add(RETRAIN, RETRAIN, retraining, fresh=loop.retrain == "scratch")
    if loop.baseline:
        epochs = loop.baseline_epochs(length.passes, retraining)
        add(BASELINE, BASELINE, epochs, source=START, fresh=loop.retrain == "scratch")
    return made


def last(plan: list[Phase]) -> str:
    """The name of the phase that gives the result."""
    return [phase for phase in plan if phase.kind != BASELINE][-1].name


def teacher(plan: Sequence[Phase], trained: bool) -> str:
    """The name of the trained network of which nothing is gone; `trained`: the weights are not fresh.

    Raises:
        ConfigError: there is none, or no phase that it could take part in.
    """
    if not any(phase.kind == RETRAIN for phase in plan):
        raise ConfigError("training.teacher=self has nothing to teach: set loop.retrain to surviving or scratch.")
    if plan[0].kind == TRAIN:
        return TRAIN
    if trained:
        return START
    raise ConfigError(
        "training.teacher=self needs a trained network before the first shrinking: set loop.train_first, or give a run "
        "or .keras file as --model."
    )
