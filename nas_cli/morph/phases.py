"""The phases of a morph run, in order: what each starts from, and for how long it trains."""

from dataclasses import dataclass

from nas_cli.morph.loop_settings import LoopSettings
from nas_cli.morph.settings import MorphSettings
from nas_cli.runs.seeds import trial_seed

START = "start"
"""The network as it came."""

BASELINE = "baseline"


@dataclass(frozen=True)
class Phase:
    """One phase; `name` is unique in the run, `source` the phase (or START) whose network it begins with.

    `kind`: train, shrink, retrain or baseline. `iteration`: of the shrinking, from 1; 0 where it has none.
    `fresh`: the weights are drawn anew.
    """

    name: str
    kind: str
    iteration: int
    source: str
    epochs: int
    seed: int
    fresh: bool = False


def phases(morph: MorphSettings, loop: LoopSettings, retraining: int, seed: int) -> list[Phase]:
    """Every phase of a run in order; `retraining`: epochs of the last training.

    A phase's seed follows from the run's seed and its position, whenever and in whatever session it runs.
    """
    made: list[Phase] = []

    def add(name: str, kind: str, epochs: int, iteration: int = 0, source: str | None = None, **more: bool) -> None:
        before = made[-1].name if made else START
        made.append(Phase(name, kind, iteration, source or before, epochs, trial_seed(seed, len(made)), **more))

    if loop.train_first:
        add("train", "train", loop.train_first)
    for iteration in range(1, loop.iterations + 1):
        add(f"shrink-{iteration}", "shrink", morph.epochs, iteration)
    if loop.retrain != "none":
        add("retrain", "retrain", retraining, fresh=loop.retrain == "scratch")
    if loop.baseline:
        add(BASELINE, BASELINE, loop.baseline_epochs(morph.epochs, retraining), source=START)
    return made


def last(plan: list[Phase]) -> str:
    """The name of the phase that gives the result."""
    return [phase for phase in plan if phase.kind != BASELINE][-1].name
