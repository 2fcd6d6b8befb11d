"""Evaluates trials in the process of the search, one after the other: for estimators that only look scores up."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import final

from nas_cli.errors import RunError
from nas_cli.estimators.contract import Estimator, Progress, Score
from nas_cli.search.evaluator import Finished, Job
from nas_cli.search.listener import Listener
from nas_cli.search.worker import checked, reason
from nas_cli.spaces.candidate import Candidate

KnownTest = Callable[[Candidate], Mapping[str, float] | None]


@final
class InProcess:
    """An `Evaluator` without worker processes: a trial that raises is a failed trial, one that crashes ends the search.

    No network is saved. Limits of time and memory, threads and the number of workers have no effect.
    """

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator

    def evaluate(self, jobs: Sequence[Job], listener: Listener) -> Iterator[Finished]:
        """Each job once, in order."""
        for job in jobs:
            began = time.perf_counter()
            score = self._score(job, partial(listener.on_epoch, job.trial))
            yield Finished(job, score, time.perf_counter() - began, 0)

    def test(self, model_file: object) -> Mapping[str, float]:
        """Never succeeds: there are no networks.

        Raises:
            RunError: always.
        """
        raise RunError(f"the network {model_file} could not be tested: this estimator works without networks.")

    def known_test(self, candidate: Candidate) -> Mapping[str, float] | None:
        """The test metrics that the estimator's own `known_test` gives; None without one."""
        known: KnownTest | None = getattr(self._estimator, "known_test", None)
        return None if known is None else known(candidate)

    def processes(self) -> Sequence[int]:
        """None but the caller's."""
        return ()

    def close(self) -> None:
        """Nothing to stop."""

    def _score(self, job: Job, progress: Progress) -> Score:
        try:
            return checked(self._estimator.estimate(job.architecture, job.seed, None, progress, job.hints))
        except Exception as error:
            return Score(fitness=None, failure=reason(error))
