"""What precedes the trials of a supernet search: the supernets' training as part of the run, resumable at any epoch."""

import gc
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.exchange import exchange
from nas_cli.distributed.ring import Ring
from nas_cli.distributed.stop_request import StopRequest
from nas_cli.oneshot.differentiable import DifferentiableSearch
from nas_cli.oneshot.found import DERIVED, RANDOM, TOP, Found, random_networks
from nas_cli.oneshot.ordinary import ordinary_epoch_seconds
from nas_cli.oneshot.settings import DartsSettings, SupernetSettings
from nas_cli.oneshot.single_path import SinglePathSearch
from nas_cli.runs.seeds import trial_seed
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.decision_space import Values
from nas_cli.spaces.points import Points
from nas_cli.strategies.contract import Admissible
from nas_cli.training import checkpoint
from nas_cli.training.session import forget_models
from nas_cli.training.settings import TrainingSettings

Event = Mapping[str, Any]
ASKS = 10
"""Steps between two questions of several processes whether one of them is to stop."""


class Dismissed(Exception):
    """Rank 0 has left the phase, and has said so to a process that waited for something else."""


class Log(Protocol):
    """The journal of a search, as far as this phase needs it."""

    events: list[Any]

    def write(self, event: Event) -> Any:
        """Appends an event."""


class Search(Protocol):
    """One training of one supernet, and what it finds."""

    net: Any

    @property
    def variables(self) -> list[Any]: ...

    def run_epoch(self, number: int, asked_to_stop: Any) -> dict[str, Any]: ...

    def stop_reason(self, event: Event) -> str | None: ...

    def found(self, epochs: int, asked_to_stop: Any) -> list[Values]: ...

    def scores(self, genotypes: Sequence[Values], asked_to_stop: Any) -> list[float] | None: ...


@final
class SupernetPhase:
    """All searches of a run, one after the other; `found` is known once `run` has returned.

    All processes of a ring make the same calls; only the first has a log and writes. A request to stop is followed by
    all of them together, in a step of a supernet, before a network is scored, or behind a search: see `StopRequest`.
    """

    def __init__(
        self,
        space: Any,
        dataset: Dataset,
        augmentation: AugmentationSettings,
        training: TrainingSettings,
        settings: SupernetSettings,
        seed: int,
        admissible: Admissible,
        randoms: int,
        checkpoints: Path,
        ring: Ring,
        on_event: Callable[[Event], None],
    ) -> None:
        """`space`: of networks, or of the points that stand for them, whichever `admissible` judges. `training`: of
        networks on their own. `randoms`: random networks beside those found."""
        self._space: Any = space.space if isinstance(space, Points) else space
        self._candidates, self._dataset, self._augmentation = space, dataset, augmentation
        self._training, self._settings, self._seed, self._admissible = training, settings, seed, admissible
        self._folder, self.ring, self._on_event = checkpoints, ring, on_event
        self._randoms = random_networks(space, admissible, settings, seed, randoms)
        self._found: list[Found] = []
        self._request = StopRequest(ring)

    def found(self) -> Sequence[Found]:
        """The networks to train: of each search, then the random ones."""
        return self._found

    def run(self, log: Log | None) -> None:
        """Does what the journal does not have yet.

        Raises:
            KeyboardInterrupt: someone wants the processes to stop; in all of them.
            RunError: a supernet diverged, in all of them; or the disk is full.
            Dismissed: in another process than rank 0, which cannot go on.
        """
        with self._request:
            self._run(log)

    def _run(self, log: Log | None) -> None:
        past = self._agreed(None if log is None else [one for one in log.events if _of_phase(one)])
        results = {one["search"]: one for one in past if one["event"] in ("derived", "inherited")}
        scored: dict[Values, float] = {}
        for number in range(self._settings.searches):
            ended = results.get(number) or self._search(number, log, past)
            self._take(number, ended, scored)
        self._found += [Found(values, RANDOM, None, scored.get(values)) for values in self._randoms]
        if log is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _take(self, number: int, ended: Event, scored: dict[Values, float]) -> None:
        decode = self._space.decode
        if ended["event"] == "derived":
            self._found.append(Found(decode(ended["genotype"]), DERIVED, number))
            return
        best: dict[Values, float] = {}
        for genotype, score in ended["scores"]:
            best.setdefault(decode(genotype), score)
        top = sorted(best, key=lambda values: -best[values])[: self._settings.top]  # type: ignore[attr-defined]
        self._found += [Found(values, TOP, number, best[values]) for values in top]
        for genotype, score in ended["random"]:
            scored.setdefault(decode(genotype), score)

    def _search(self, number: int, log: Log | None, past: Sequence[Event]) -> Event:
        """Trains supernet `number` and returns its last event."""
        seed = trial_seed(self._seed, number)
        search = self._made(seed)
        folder = self._folder / f"supernet-{number}"
        identity = checkpoint.fingerprint(
            self._settings, seed, self._dataset.split_digest, self._augmentation, self._space.settings, self.ring.size
        )
        curve = self._restored(search, folder, identity)
        for epoch in self._missing(curve, past, number):
            self._write(log, epoch)
        stopped = search.stop_reason(curve[-1]) if curve else None
        while len(curve) < self._settings.epochs and stopped is None:
            began = time.perf_counter()
            epoch = search.run_epoch(len(curve), self._question())
            curve.append(self._completed(epoch, number, len(curve) + 1, time.perf_counter() - began))
            stopped = search.stop_reason(curve[-1])
            if log is not None:
                checkpoint.save(folder, _state(search, curve), identity)
            self._write(log, curve[-1])
        last = self._concluded(search, number, curve, stopped)
        if log is not None and number == 0:
            self._compare(log, curve)
        self._write(log, last)
        # Also so that the others do not compute while this process measures.
        self._ask()
        del search
        forget_models()
        gc.collect()
        return last

    def _made(self, seed: int) -> Search:
        common = (self._space, self._dataset, self._augmentation, self._settings, seed, self.ring)
        if isinstance(self._settings, DartsSettings):
            return DifferentiableSearch(*common)  # type: ignore[arg-type]
        return SinglePathSearch(*common, self._candidates, self._admissible)  # type: ignore[arg-type]

    def _restored(self, search: Search, folder: Path, identity: str) -> list[Event]:
        state = checkpoint.load(folder, identity) if self.ring.rank == 0 else None
        if state is not None:
            for variable, value in zip(search.variables, state.weights, strict=True):
                variable.assign(value)
        curve: list[Event] = list(self._agreed([] if state is None else list(state.curve)))
        self.ring.broadcast(search.variables)
        return curve

    def _missing(self, curve: Sequence[Event], past: Sequence[Event], number: int) -> list[Event]:
        """Epochs that are in the checkpoint, but not in the journal: the process was killed between the two."""
        known = {one["epoch"] for one in past if one["event"] == "structure" and one["search"] == number}
        return [one for one in curve if one["epoch"] not in known]

    def _completed(self, epoch: dict[str, Any], number: int, position: int, seconds: float) -> Event:
        head = {"event": "structure", "search": number, "epoch": position, "epochs": self._settings.epochs}
        cost = self._cost(epoch["genotype"]) if "genotype" in epoch else {}
        return self._agreed({**head, "seconds": seconds, **epoch, **cost})  # type: ignore[no-any-return]

    def _concluded(self, search: Search, number: int, curve: Sequence[Event], stopped: str | None) -> Event:
        began = time.perf_counter()
        found = search.found(len(curve), self._ask)
        scores = search.scores(found, self._ask)
        common = {"search": number, "stopped": stopped, "epochs": len(curve)}
        encode, seconds = self._space.encode, sum(one["seconds"] for one in curve)
        if scores is None:
            last = {"event": "derived", **common, "genotype": encode(found[0]), "seconds": seconds}
        else:
            beside = search.scores(self._randoms, self._ask) or []
            last = {
                "event": "inherited",
                **common,
                "scores": [[encode(values), score] for values, score in zip(found, scores, strict=True)],
                "random": [[encode(values), score] for values, score in zip(self._randoms, beside, strict=True)],
                "seconds": seconds + time.perf_counter() - began,
            }
        return self._agreed(last)  # type: ignore[no-any-return]

    def _compare(self, log: Log, curve: Sequence[Event]) -> None:
        """Writes how long an epoch takes beside an ordinary network's of as many multiply-accumulates."""
        if any(one["event"] == "supernet_cost" for one in log.events) or not curve:
            return
        # The first epoch of a session has the compilation in it.
        seconds = min(float(one["seconds"]) for one in curve)
        ordinary = ordinary_epoch_seconds(
            self._space, self._dataset, self._training, self._settings.batch_size, self._settings.passes
        )
        block = {"epoch_seconds": seconds, "ordinary_epoch_seconds": ordinary, "ratio": seconds / ordinary}
        self._write(log, {"event": "supernet_cost", **block})

    def _cost(self, genotype: Any) -> dict[str, Any]:
        candidate = self._space.architecture(self._space.decode(genotype))
        if not isinstance(candidate, Architecture):
            return {}
        cost = architecture_cost(candidate)
        return {"flops": cost.flops, "params": cost.params}

    def _question(self) -> Callable[[], None]:
        """Asks in every tenth call if to stop; called at every step by all processes."""
        calls = iter(range(10**12))

        def ask() -> None:
            if next(calls) % ASKS == 0:
                self._ask()

        return ask

    def _ask(self) -> None:
        """Raises KeyboardInterrupt in all processes once rank 0 is asked to stop."""
        if self.ring.size > 1 and self._agreed(self._request.asked):
            raise KeyboardInterrupt

    def _agreed(self, value: Any) -> Any:
        """What rank 0 has given, on every process.

        Raises:
            Dismissed: rank 0 has said instead that the search is over.
            LaunchError: a process is gone.
        """
        told = exchange(self.ring, value)[0]
        # What `RingEvaluator.close` says.
        if getattr(told, "stop", False):
            raise Dismissed
        return told

    def _write(self, log: Log | None, event: Event) -> None:
        if log is not None:
            self._on_event(log.write(event))


def _of_phase(event: Event) -> bool:
    return event["event"] in ("structure", "derived", "inherited", "supernet_cost")


def _state(search: Search, curve: Sequence[Event]) -> checkpoint.Checkpoint:
    values = [np.array(variable) for variable in search.variables]
    return checkpoint.Checkpoint(weights=values, optimizer=(), best=(), curve=tuple(curve), seconds={})
