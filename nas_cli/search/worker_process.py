"""The parent's side of one worker process."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, final

from nas_cli.search.evaluator import Job
from nas_cli.search.memory import resident_bytes
from nas_cli.search.worker import WorkerSettings, serve

_GIGABYTE = 1e9


@final
class WorkerProcess:
    """A process, the pipe to it, and the job it has; `ready` once its estimator exists."""

    def __init__(self, index: int, settings: WorkerSettings, log: Path | None, factory: bytes | None) -> None:
        """Starts the process and returns at once; it must be called from the main thread, which outlives it."""
        self.index = index
        self.ready = False
        self.job: Job | None = None
        self.began: float | None = None
        self.served = 0
        self._settings = settings
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        arguments = (theirs, settings, log, os.getpid())
        self._process = context.Process(target=serve, args=arguments, name=f"worker {index}", daemon=True)
        with _no_interrupts_for_children():
            self._process.start()
        # Only the worker may hold its end: then its death is an end of file here.
        theirs.close()
        if factory is not None:
            self.use(factory)

    @property
    def pid(self) -> int:
        """The process number."""
        return self._process.pid or 0

    def use(self, factory: bytes) -> None:
        """Sends the pickled recipe of the estimator."""
        self.connection.send(("use", factory))

    def give(self, job: Job) -> bool:
        """Sends a job; False if the process is dead."""
        self.job, self.began = job, None
        return self._send(("estimate", job))

    def give_test(self, model_file: Path) -> bool:
        """Sends a network to test; False if the process is dead."""
        return self._send(("test", model_file))

    def start_clock(self) -> None:
        """The job has reached the worker: its time counts from now."""
        self.began = time.monotonic()

    def done(self) -> None:
        """The job is finished."""
        self.job, self.began = None, None
        self.served += 1

    def seconds(self) -> float:
        """Wall time since the job began; 0 before."""
        return 0.0 if self.began is None else time.monotonic() - self.began

    def excess(self) -> str | None:
        """Which limit the running job has passed, in words; None if none."""
        limits = self._settings
        if limits.trial_seconds is not None and self.seconds() > limits.trial_seconds:
            return f"out of time after {limits.trial_seconds:g} s"
        if limits.memory_bytes is not None:
            used = resident_bytes(self.pid)
            if used > limits.memory_bytes:
                return f"out of memory: {used / _GIGABYTE:.1f} GB > {limits.memory_bytes / _GIGABYTE:g} GB"
        return None

    def has_grown(self) -> bool:
        """True if the process holds more memory than one may keep between trials."""
        limit = self._settings.recycle_bytes
        return limit is not None and resident_bytes(self.pid) > limit

    def end(self) -> str:
        """Waits for a process whose pipe has closed, and says how it ended: 'signal 9' or 'exit code 1'."""
        self._process.join(timeout=2)
        code = self._process.exitcode
        self.kill()
        if code is None:
            return "it closed its pipe"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """Ends the process at once; it holds nothing that is not on disk already."""
        if not self.connection.closed:
            self._process.kill()
            self._process.join()
            self.connection.close()

    def _send(self, message: tuple[Any, ...]) -> bool:
        try:
            self.connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True


@contextmanager
def _no_interrupts_for_children() -> Iterator[None]:
    """Blocks Ctrl-C while a process starts: it inherits the block, so Ctrl-C cannot kill it half-way up."""
    # Python starts this helper process with the first child, and unblocks the signal when it does.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
