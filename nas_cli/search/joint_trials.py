"""Trials that all processes of a ring train together, one after the other."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, final

from nas_cli.distributed.exchange import exchange, neighbours
from nas_cli.distributed.ring import Ring
from nas_cli.distributed.stop_request import StopRequest
from nas_cli.errors import LaunchError, RunError
from nas_cli.estimators.contract import Estimator, Progress, Score
from nas_cli.runs.files import is_full, move_durably
from nas_cli.search.evaluator import Finished, Job
from nas_cli.search.listener import Listener
from nas_cli.search.worker import checked, reason
from nas_cli.spaces.candidate import Candidate

JointEstimator = Callable[[Ring], Estimator]
"""The recipe of an estimator that trains with the other processes of a ring."""


class SomebodyFailed(Exception):
    """A process, perhaps this one, could not begin to train the network of a trial; says why."""


@final
class MeetingRing:
    """A ring whose processes first tell one another, in every trial, whether all of them have come so far.

    One that failed on the way to the first common computation would leave the others waiting in it for ever.
    """

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self.rank, self.size, self.begun = ring.rank, ring.size, ring.begun
        self.met = True

    def begin(self) -> None:
        """A new trial begins."""
        self.met = False

    def meet(self, failure: str | None = None) -> None:
        """Returns when all processes have come here in this trial, none of them with a failure.

        Raises:
            SomebodyFailed: with the first failure, in all processes.
        """
        if self.met:
            return
        self.met = True
        told = [one for one in exchange(self._ring, failure) if one is not None]
        if told:
            raise SomebodyFailed(told[0])

    def average(self, tensors: Sequence[Any], name: str = "gradient") -> list[Any]:
        self.meet()
        return self._ring.average(tensors, name)

    def broadcast(self, variables: Sequence[Any]) -> None:
        self.meet()
        self._ring.broadcast(variables)

    def gather(self, value: Any) -> list[Any]:
        self.meet()
        return self._ring.gather(value)

    def barrier(self) -> None:
        self.meet()
        self._ring.barrier()


@final
class JointTrials:
    """The evaluator of rank 0: every trial is trained in this process and all others; a context manager.

    W processes follow the weights of one whose batches are W times as large. There are no worker processes: limits of
    time and memory have no effect, and a trial that crashes a process ends the job. Ctrl-C ends it within a chunk of
    training steps; while a network is built, at the end of its trial.
    """

    def __init__(self, ring: Ring, make_estimator: JointEstimator) -> None:
        self._ring = ring
        self._member = _Member(ring, make_estimator)
        self._others = neighbours(ring)
        self._open = True

    def evaluate(self, jobs: Sequence[Job], listener: Listener) -> Iterator[Finished]:
        """Each job once, in order.

        Raises:
            RunError: the disk is full.
            LaunchError: a process is gone, or could not go on with the common training.
        """
        for job in jobs:
            began = time.perf_counter()
            # One that left alone would leave the others waiting.
            with StopRequest(self._ring):
                exchange(self._ring, job)
                score = self._member.score(job, partial(listener.on_epoch, job.trial))
            yield Finished(job, score, time.perf_counter() - began, 0)

    def test(self, model_file: Path) -> Mapping[str, float]:
        """The test metrics of a saved network, computed here."""
        try:
            return self._member.estimator.test(model_file)
        except Exception as error:
            raise RunError(f"the network {model_file} could not be tested: {reason(error)}.") from error

    def known_test(self, candidate: Candidate) -> None:
        """None: there is a network to test."""
        return None

    def processes(self) -> Sequence[int]:
        """The process numbers of the others on this host; those of other hosts are not known here."""
        return self._others

    def close(self) -> None:
        """Tells the other processes to end; these also end when this one does."""
        if self._open:
            self._open = False
            try:
                exchange(self._ring, None)
            except LaunchError:
                # One that is gone has ended; so do the others then.
                pass

    def __enter__(self) -> "JointTrials":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def follow_joint(ring: Ring, make_estimator: JointEstimator) -> None:
    """Trains along in a process that is not rank 0, until rank 0 says that it is over.

    Raises:
        LaunchError: rank 0 is gone, or this process could not go on with the common training.
    """
    member = _Member(ring, make_estimator)
    neighbours(ring)
    while (job := exchange(ring, None)[0]) is not None:
        try:
            member.score(job, lambda progress: None)
        except KeyboardInterrupt:
            # Rank 0 has stopped the training of all; it says what comes next.
            continue


@final
class _Member:
    """One process of the ring with its estimator."""

    def __init__(self, ring: Ring, make_estimator: JointEstimator) -> None:
        self._ring = MeetingRing(ring)
        self.estimator = make_estimator(self._ring)

    def score(self, job: Job, progress: Progress) -> Score:
        """The score of a trial that all processes train; rank 0 saves its network."""
        self._ring.begin()
        try:
            score = self._estimate(job, progress)
            self._ring.meet()
            return score
        except SomebodyFailed as failed:
            return Score(None, failure=str(failed))
        except Exception as error:
            return self._failed(job, error)

    def _estimate(self, job: Job, progress: Progress) -> Score:
        if self._ring.rank:
            return self.estimator.estimate(job.architecture, job.seed, None, progress, job.hints)
        unfinished = job.model_file.with_name(f"partial-{job.trial}{job.model_file.suffix}")
        job.model_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            score = checked(self.estimator.estimate(job.architecture, job.seed, unfinished, progress, job.hints))
            if unfinished.exists() and score.failure is None:
                move_durably(unfinished, job.model_file)
        finally:
            unfinished.unlink(missing_ok=True)
        return score

    def _failed(self, job: Job, error: Exception) -> Score:
        """The failed trial of all, if this process has not begun to compute with the others.

        Raises:
            RunError: the disk is full.
            LaunchError: it has: nobody can say where the others are now.
        """
        if is_full(error):
            raise RunError(
                f"cannot write {job.model_file.parent}: the disk is full: free space, then continue with --resume."
            ) from error
        if self._ring.met:
            raise LaunchError(
                f"trial {job.trial} failed in the common training ({reason(error)}): lower space.max_memory_gb if it "
                "lacked memory; with resources.parallel=trials such a trial fails alone."
            ) from error
        try:
            self._ring.meet(reason(error))
        except SomebodyFailed as failed:
            return Score(None, failure=str(failed))
        raise LaunchError(f"trial {job.trial} failed: {reason(error)}.") from error
