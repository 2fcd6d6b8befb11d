"""A pool of worker processes that evaluates trials, survives whatever they do, and keeps their order irrelevant."""

import pickle
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import Any, final

from nas_cli.errors import RunError
from nas_cli.estimators.contract import Estimator, Score
from nas_cli.search.evaluator import Finished, Job
from nas_cli.search.listener import Listener
from nas_cli.search.worker import WorkerSettings
from nas_cli.search.worker_process import WorkerProcess
from nas_cli.spaces.candidate import Candidate

_POLL_SECONDS = 0.1


@final
class WorkerPool:
    """`workers` processes that evaluate trials; an `Evaluator`.

    `start` returns at once, so that the workers load TensorFlow while the caller prepares data; `use` then gives
    them their estimator. A trial that crashes its process, passes a limit or raises is a failed trial; its process
    is replaced. A trial whose process died is tried `retries` times again before it fails; one that passed a limit or
    raised would do so again. Everything the workers print goes to `log`.
    """

    def __init__(self, settings: WorkerSettings, workers: int = 1, log: Path | None = None, retries: int = 0) -> None:
        self._settings = settings
        self._count = workers
        self._log = log
        self._retries = retries
        self._lost: Counter[int] = Counter()
        self._factory: bytes | None = None
        self._workers: list[WorkerProcess] = []
        self._waiting: deque[Job] = deque()

    def start(self) -> None:
        """Starts the worker processes and returns without waiting for them; call it from the main thread."""
        while len(self._workers) < self._count:
            self._workers.append(self._new(len(self._workers)))

    def use(self, make_estimator: Callable[[], Estimator]) -> None:
        """Gives every worker the picklable recipe of its estimator; once, before the first trial."""
        self._factory = pickle.dumps(make_estimator)
        for worker in self._workers:
            try:
                worker.use(self._factory)
            except (BrokenPipeError, ConnectionResetError) as error:
                raise self._no_start(worker, f"it ended with {worker.end()}") from error

    def evaluate(self, jobs: Sequence[Job], listener: Listener) -> Iterator[Finished]:
        """Each job once, as it finishes; with several workers the longest predicted starts first."""
        self.start()
        # The longest last would leave the other workers idle at the end of the batch.
        order = sorted(jobs, key=lambda job: -job.predicted) if self._count > 1 else jobs
        self._waiting.clear()
        self.take(order)
        left = len(jobs)
        while left:
            finished = self.step(listener)
            left -= len(finished)
            yield from finished

    def take(self, jobs: Iterable[Job]) -> None:
        """Puts jobs behind those that wait for a worker; `step` brings them forward."""
        self._waiting.extend(jobs)

    def free(self) -> int:
        """How many workers could begin another job at once."""
        return max(0, sum(worker.ready and worker.job is None for worker in self._workers) - len(self._waiting))

    def step(self, listener: Listener) -> list[Finished]:
        """What has finished after a tenth of a second, or as soon as a worker said something."""
        self._send_jobs()
        finished = self._collect(listener)
        # Workers get their next trial before the caller spends time on the last one.
        self._send_jobs()
        return finished

    def test(self, model_file: Path) -> Mapping[str, float]:
        """The test metrics of a saved network, computed in a worker."""
        self.start()
        how = ""
        # A worker that died while it waited gives no verdict on the network: a fresh one gets a second attempt.
        for _ in range(2):
            worker = self._wait_for_idle()
            message = self._receive(worker) if worker.give_test(model_file) else None
            if message is None:
                how = f"the worker ended with {worker.end()}"
                self._replace(worker)
                continue
            kind, answer = message
            if kind == "tested":
                metrics: Mapping[str, float] = answer
                return metrics
            how = answer
            break
        raise RunError(f"the network {model_file} could not be tested: {how}; {self._see_log()}.")

    def known_test(self, candidate: Candidate) -> None:
        """None: an estimator that works in other processes leaves a network to test, or nothing."""
        return None

    def processes(self) -> Sequence[int]:
        """The process numbers of the workers."""
        return [worker.pid for worker in list(self._workers)]

    def close(self) -> None:
        """Kills all workers."""
        while self._workers:
            self._workers.pop().kill()

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _new(self, index: int) -> WorkerProcess:
        return WorkerProcess(index, self._settings, self._log, self._factory)

    def _replace(self, worker: WorkerProcess) -> None:
        worker.kill()
        self._workers[worker.index] = self._new(worker.index)

    def _send_jobs(self) -> None:
        for worker in list(self._workers):
            if self._waiting and worker.ready and worker.job is None:
                job = self._waiting.popleft()
                if not worker.give(job):
                    self._waiting.appendleft(job)
                    self._replace(worker)

    def _collect(self, listener: Listener) -> list[Finished]:
        """Takes what the workers have sent, at most one message each, and enforces the limits."""
        connections = {worker.connection: worker for worker in self._workers}
        finished: list[Finished] = []
        for connection in wait(list(connections), timeout=_POLL_SECONDS):
            worker = connections[connection]  # type: ignore[index]
            finished += self._take(worker, self._receive(worker), listener)
        for worker in list(self._workers):
            if worker.began is not None and not worker.connection.poll():
                finished += self._limit(worker)
        return finished

    def _receive(self, worker: WorkerProcess) -> tuple[Any, ...] | None:
        """The next message, or None if the process has died (also in the middle of a message)."""
        try:
            message: tuple[Any, ...] = worker.connection.recv()
        except (EOFError, OSError):
            return None
        return message

    def _take(self, worker: WorkerProcess, message: tuple[Any, ...] | None, listener: Listener) -> list[Finished]:
        if message is None:
            return self._bury(worker)
        kind = message[0]
        if kind == "ready":
            worker.ready = True
        elif kind == "broken":
            raise self._no_start(worker, message[1])
        elif kind == "full":
            raise RunError(f"cannot write {message[1]}: the disk is full: free space, then continue with --resume.")
        elif kind == "began":
            worker.start_clock()
        elif kind == "epoch" and worker.job is not None:
            listener.on_epoch(worker.job.trial, message[1])
        elif kind == "finished":
            return self._finish(worker, message[1], message[2])
        return []

    def _finish(self, worker: WorkerProcess, score: Score, seconds: float) -> list[Finished]:
        job = worker.job
        worker.done()
        if worker.has_grown():
            self._replace(worker)
        return [] if job is None else [Finished(job, score, seconds, worker.index)]

    def _bury(self, worker: WorkerProcess) -> list[Finished]:
        """Replaces a dead worker; its trial has failed if it had begun and has no more tries, else it is done again."""
        how = worker.end()
        if not worker.ready:
            raise self._no_start(worker, f"it ended with {how}")
        if worker.job is not None and worker.began is not None and self._lost[worker.job.trial] < self._retries:
            self._lost[worker.job.trial] += 1
            self._note(f"worker {worker.index} ended with {how}: trial {worker.job.trial} is tried again")
            worker.began = None
        return self._fail(worker, f"crashed: {how}")

    def _limit(self, worker: WorkerProcess) -> list[Finished]:
        excess = worker.excess()
        if excess is None:
            return []
        if excess.startswith("out of memory") and worker.served:
            # What earlier trials left behind is not this trial's fault: it gets a fresh process.
            worker.began = None
        return self._fail(worker, excess)

    def _fail(self, worker: WorkerProcess, reason: str) -> list[Finished]:
        job, began, seconds = worker.job, worker.began, worker.seconds()
        self._replace(worker)
        if job is None:
            return []
        if began is None:
            self._waiting.appendleft(job)
            return []
        return [Finished(job, Score(fitness=None, failure=reason), seconds, worker.index)]

    def _wait_for_idle(self) -> WorkerProcess:
        while True:
            for worker in self._workers:
                if worker.ready and worker.job is None:
                    return worker
            for connection in wait([worker.connection for worker in self._workers]):
                worker = next(w for w in self._workers if w.connection is connection)
                message = self._receive(worker)
                if message is None:
                    self._bury(worker)
                elif message[0] == "broken":
                    raise self._no_start(worker, message[1])
                elif message[0] == "ready":
                    worker.ready = True

    def _no_start(self, worker: WorkerProcess, why: str) -> RunError:
        return RunError(f"worker {worker.index} could not start: {why}; {self._see_log()}.")

    def _note(self, text: str) -> None:
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(text + "\n")

    def _see_log(self) -> str:
        return f"see {self._log}" if self._log is not None else "its output was not kept"
