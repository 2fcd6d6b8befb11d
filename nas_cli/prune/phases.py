"""The phases of a pruning run, in order: what each starts from, and for how long it trains."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.prune.loop_settings import PruneLoopSettings
from nas_cli.prune.settings import PruneSettings
from nas_cli.runs.seeds import trial_seed

START = "start"
"""The network as it came."""

TRAIN, BASELINE = "train", "baseline"
MAIN, RANDOM = "main", "random"
"""The arms that prune."""

TAUGHT = ("tune", "reinit", "gradual")
"""Kinds of phases that a teacher, where there is one, takes part in."""

REMOVING = ("prune", "gradual")
"""Kinds of phases that a removal, and so a mask, belongs to."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase; `name` is unique in the run, `source` the phase (or START) whose network it begins with.

    `kind`: train (before the first round), scan, prune, tune (the training after a removal), reinit (the same with
    weights drawn anew), gradual (a training that prunes as it goes) or baseline. `arm`: main or random. `round`: from
    1; 0 where there is none. `epochs`: at most; 0 where nothing trains. The baseline trains as long as the pruned
    network has, see `epochs_of_result`.
    """

    name: str
    kind: str
    source: str
    seed: int
    arm: str = MAIN
    round: int = 0
    epochs: int = 0


def first_epochs(prune: PruneSettings, trained: bool, epochs: int) -> int:
    """Epochs before the first round; `trained`: the weights are not fresh, `epochs`: of an ordinary training."""
    if prune.train_first is None:
        return 0 if trained else epochs
    return prune.train_first


def phases(prune: PruneSettings, loop: PruneLoopSettings, epochs: int, trained: bool, seed: int) -> list[Phase]:
    """Every phase of a run in order; `epochs`: of an ordinary training, `trained`: the weights are not fresh.

    A phase's seed follows from the run's seed and its round, so that the arms and the controls of a round train on the
    same examples in the same order, and one more arm changes nothing in the others.

    Raises:
        ConfigError: a rewinding to where no training comes by; a random arm that would do what the other does.
    """
    first = first_epochs(prune, trained, epochs)
    _check_rewind(prune, first)
    _check_random(prune, loop)
    start = TRAIN if first else START
    made = [Phase(name=TRAIN, kind=TRAIN, source=START, seed=trial_seed(seed, 0), epochs=first)] if first else []
    if loop.scan or prune.spread == "sensitivity":
        made.append(Phase(name="scan", kind="scan", source=start, seed=trial_seed(seed, 1)))
    for arm in (MAIN, RANDOM) if loop.random else (MAIN,):
        made += _gradual(arm, start, prune, seed) if prune.when == "step" else _rounds(arm, start, prune, seed)
    if loop.baseline:
        length = epochs_of_result(made, prune, {phase.name: phase.epochs for phase in made})
        made.append(Phase(name=BASELINE, kind=BASELINE, source=START, seed=trial_seed(seed, 0), epochs=length))
    return made


def epochs_of_result(plan: Sequence[Phase], prune: PruneSettings, epochs: Mapping[str, int]) -> int:
    """Epochs that the weights of the pruned network have had, at least one; `epochs`: of each phase, by its name.

    With a rewinding those behind the weights that were gone back to, and those in front of them.
    """
    own = [phase for phase in plan if phase.arm == MAIN and phase.kind in (TRAIN, "tune", "gradual")]
    before = 0
    if prune.rewind_epoch is not None:
        own = [phase for phase in own if phase.kind == "tune" and phase.round == prune.rounds]
        before = prune.rewind_epoch
    return max(1, before + sum(epochs.get(phase.name, 0) for phase in own))


def _gradual(arm: str, start: str, prune: PruneSettings, seed: int) -> Iterator[Phase]:
    name, drawn = f"{_head(arm)}gradual-1", trial_seed(seed, 3)
    yield Phase(name=name, kind="gradual", source=start, seed=drawn, arm=arm, round=1, epochs=prune.fine_tune)


def _rounds(arm: str, start: str, prune: PruneSettings, seed: int) -> Iterator[Phase]:
    source = start
    for number in range(1, prune.rounds + 1):
        drawn, tuned = trial_seed(seed, 2 * number), trial_seed(seed, 2 * number + 1)
        cut, epochs = f"{_head(arm)}prune-{number}", prune.epochs_after(number)
        yield Phase(name=cut, kind="prune", source=source, seed=drawn, arm=arm, round=number)
        source = cut
        if epochs:
            source = f"{_head(arm)}tune-{number}"
            yield Phase(name=source, kind="tune", source=cut, seed=tuned, arm=arm, round=number, epochs=epochs)
        if epochs and prune.reinit and arm == MAIN:
            yield Phase(name=f"reinit-{number}", kind="reinit", source=cut, seed=tuned, round=number, epochs=epochs)


def last(plan: list[Phase], arm: str = MAIN) -> str:
    """The name of the phase that gives an arm's result."""
    return [phase for phase in plan if phase.kind in ("prune", "tune", "gradual") and phase.arm == arm][-1].name


def teacher(plan: Sequence[Phase], trained: bool) -> str:
    """The name of the trained network of which nothing is gone; `trained`: the weights are not fresh.

    Raises:
        ConfigError: there is none, or no phase that it could take part in.
    """
    if not any(phase.kind in TAUGHT for phase in plan):
        raise ConfigError("training.teacher=self has nothing to teach: no round has epochs, set prune.fine_tune.")
    if plan[0].kind == TRAIN:
        return TRAIN
    if trained:
        return START
    raise ConfigError(
        "training.teacher=self needs a trained network before the first round: set prune.train_first above 0 or null, "
        "or give a run or .keras file as --model."
    )


def _head(arm: str) -> str:
    return "" if arm == MAIN else f"{arm}-"


def _check_random(prune: PruneSettings, loop: PruneLoopSettings) -> None:
    if loop.random and prune.when == "step":
        raise ConfigError(
            f"loop.random=true needs prune.when=round, got {prune.when}: inside a training weights go by magnitude."
        )
    if loop.random and prune.criterion == "random":
        raise ConfigError("loop.random=true with prune.criterion=random would prune by chance twice: leave one out.")


def _check_rewind(prune: PruneSettings, first: int) -> None:
    wanted = prune.rewind_epoch
    if wanted is None:
        return
    if not first:
        raise ConfigError(
            f"prune.rewind={prune.rewind} needs prune.train_first: the mask comes from a network that was trained from "
            "the weights to go back to."
        )
    if wanted > first:
        raise ConfigError(f"prune.rewind={prune.rewind} is behind the {first} epoch(s) before the first round.")
