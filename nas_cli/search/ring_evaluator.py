"""Trials dealt out over the processes of a ring, each of which has a pool of workers of its own."""

import os
import socket
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, final

from nas_cli.distributed.exchange import exchange
from nas_cli.distributed.ring import Ring
from nas_cli.errors import LaunchError, NasError, RunError
from nas_cli.search.evaluator import Finished, Job
from nas_cli.search.listener import Listener
from nas_cli.search.pool import WorkerPool
from nas_cli.spaces.candidate import Candidate

Epoch = tuple[int, Mapping[str, float]]


@dataclass(frozen=True)
class Said:
    """What a process says in a turn: what came of its jobs since the last one, and how many more it could begin.

    `processes`: the numbers of its own and its workers' processes on `host`. `error`: why it can go on no more.
    Rank 0 alone gives a new `batch`, or says `stop`.
    """

    free: int = 0
    finished: tuple[Finished, ...] = ()
    epochs: tuple[Epoch, ...] = ()
    host: str = ""
    processes: tuple[int, ...] = ()
    error: str | None = None
    batch: tuple[Job, ...] | None = None
    stop: bool = False


def deal(waiting: deque[Job], free: Sequence[int]) -> list[list[Job]]:
    """The jobs that each process gets, taken from the front of `waiting`: one after the other while it has room."""
    dealt: list[list[Job]] = [[] for _ in free]
    for number in range(max(free, default=0)):
        for rank, room in enumerate(free):
            if number < room and waiting:
                dealt[rank].append(waiting.popleft())
    return dealt


@final
class RingEvaluator:
    """The trials of rank 0, evaluated by the pools of all processes; an `Evaluator`, and a context manager.

    All processes take turns at the same time, some ten in a second: each says what has finished and how many of its
    workers are idle, all hear all, and so all deal the waiting jobs alike, the longest predicted first. A trial is in
    the journal of rank 0 one turn after its end. `workers` are those of each process, whose numbers follow one
    another. Trained networks stay where the workers write them: the run folder must be shared by all hosts.
    """

    def __init__(self, ring: Ring, pool: WorkerPool, workers: int) -> None:
        self._member = _Member(ring, pool)
        self._pool = pool
        self._workers = workers
        self._others: tuple[int, ...] = ()
        self._open = True

    def evaluate(self, jobs: Sequence[Job], listener: Listener) -> Iterator[Finished]:
        """Each job once, as it finishes.

        Raises:
            RunError: one of the processes cannot go on (a worker does not start, the disk is full).
            LaunchError: one of the processes is gone.
        """
        left = len(jobs)
        said = Said(batch=tuple(jobs))
        while left:
            heard = self._member.turn(said)
            self._others = _others(heard)
            for rank, one in enumerate(heard):
                if one.error is not None:
                    raise RunError(one.error)
                for trial, progress in one.epochs:
                    listener.on_epoch(trial, progress)
                for finished in one.finished:
                    left -= 1
                    yield replace(finished, worker=rank * self._workers + finished.worker)
            said = self._member.work() if left else said

    def test(self, model_file: Path) -> Mapping[str, float]:
        """The test metrics of a saved network, computed in a worker of rank 0."""
        return self._pool.test(model_file)

    def known_test(self, candidate: Candidate) -> None:
        """None: an estimator that works in other processes leaves a network to test, or nothing."""
        return None

    def processes(self) -> Sequence[int]:
        """The process numbers of all that work for the run on this host; those of other hosts are not known here."""
        return [*self._pool.processes(), *self._others]

    def close(self) -> None:
        """Kills all workers here, and tells the other processes to end; these also end when this one does."""
        self._pool.close()
        if self._open:
            self._open = False
            try:
                self._member.turn(Said(stop=True))
            except LaunchError:
                # One that is gone has ended; so do the others then.
                pass

    def __enter__(self) -> "RingEvaluator":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def follow(ring: Ring, pool: WorkerPool) -> None:
    """Evaluates what rank 0 deals to this process, which is another one, until rank 0 says that it is over.

    Raises:
        LaunchError: rank 0 is gone.
    """
    member = _Member(ring, pool)
    said = Said()
    with pool:
        while not member.turn(said)[0].stop:
            said = member.work()


@final
class _Member:
    """One process of the ring with its pool and its copy of the waiting jobs."""

    def __init__(self, ring: Ring, pool: WorkerPool) -> None:
        self._ring = ring
        self._pool = pool
        self._waiting: deque[Job] = deque()

    def turn(self, said: Said) -> list[Said]:
        """What all have said, by rank, after this one's jobs have been taken up."""
        heard: list[Said] = exchange(self._ring, said)
        if heard[0].stop:
            return heard
        if heard[0].batch is not None:
            self._waiting = deque(sorted(heard[0].batch, key=lambda job: -job.predicted))
        self._pool.take(deal(self._waiting, [one.free for one in heard])[self._ring.rank])
        return heard

    def work(self) -> Said:
        """What came of the jobs in a moment of work."""
        epochs = _Epochs()
        try:
            finished, error = self._pool.step(epochs), None
        except NasError as wrong:
            finished, error = [], str(wrong)
        pids = (os.getpid(), *self._pool.processes())
        free = 0 if error is not None else self._pool.free()
        return Said(free, tuple(finished), tuple(epochs.heard), socket.gethostname(), pids, error)


@final
@dataclass
class _Epochs:
    """A listener that keeps the epochs for the next turn."""

    heard: list[Epoch] = field(default_factory=list)

    def on_epoch(self, trial: int, progress: Mapping[str, float]) -> None:
        self.heard.append((trial, progress))

    def on_trial(self, event: Mapping[str, Any], replayed: bool) -> None:
        """Of no interest here."""

    def on_generation(self, event: Mapping[str, Any]) -> None:
        """Of no interest here."""


def _others(heard: Sequence[Said]) -> tuple[int, ...]:
    here = heard[0].host
    return tuple(process for one in heard[1:] if one.host == here for process in one.processes)
