"""A worker process: evaluates trials that it is sent, and dies with its parent."""

import ctypes
import os
import pickle
import signal
import sys
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nas_cli.errors import NasError
from nas_cli.estimators.contract import Estimator, Score
from nas_cli.runs.files import is_full, move_durably
from nas_cli.search.evaluator import Job
from nas_cli.search.plain_json import plain_json

# Messages to a worker: ("use", pickled factory), ("estimate", job), ("test", model file).
# Messages from a worker: ("ready",), ("broken", reason), ("began",), ("epoch", progress), ("finished", score, seconds),
# ("tested", metrics), ("refused", reason), ("full", reason).

_PR_SET_PDEATHSIG = 1
_LONGEST_REASON = 300


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker runs.

    `threads`: size of each of TensorFlow's two thread pools and of OpenMP; None leaves them as they are.
    `trial_seconds`, `memory_bytes`: a trial beyond them fails; None sets no limit.
    `recycle_bytes`: a worker with more resident memory than this is replaced before its next trial; None never.
    `tensorflow`: False for estimators that work without it; the worker then starts in a fraction of a second.
    """

    threads: int | None = None
    deterministic: bool = False
    trial_seconds: float | None = None
    memory_bytes: float | None = None
    recycle_bytes: float | None = None
    tensorflow: bool = True


def serve(connection: Any, settings: WorkerSettings, log: Path | None, parent: int) -> None:
    """Answers messages until the parent closes the pipe or dies."""
    _die_with(parent)
    _redirect(log)
    _set_environment(settings)
    try:
        _answer_all(connection, settings)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        # The parent is gone or wants no more: nobody is left to tell. TensorFlow's own clean-up takes seconds.
        os._exit(0)


def _answer_all(connection: "Connection[Any, Any]", settings: WorkerSettings) -> None:
    try:
        if settings.tensorflow:
            from nas_cli.training import session

            session.configure(settings.threads, settings.deterministic)
        _, factory = connection.recv()
        # Unpickling imports the estimator's module: only now is the environment ready for it.
        estimator: Estimator = pickle.loads(factory)()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:
        connection.send(("broken", reason(error)))
        raise
    connection.send(("ready",))
    while True:
        kind, subject = connection.recv()
        if kind == "estimate":
            connection.send(("began",))
            connection.send(_estimate(estimator, subject, connection))
        else:
            connection.send(_test(estimator, subject))


def _estimate(estimator: Estimator, job: Job, connection: "Connection[Any, Any]") -> tuple[Any, ...]:
    partial = job.model_file.with_name(f"partial-{job.trial}-{os.getpid()}{job.model_file.suffix}")
    began, processor = time.perf_counter(), time.process_time()
    try:
        job.model_file.parent.mkdir(parents=True, exist_ok=True)
        score = estimator.estimate(
            job.architecture,
            job.seed,
            partial,
            lambda progress: connection.send(("epoch", plain_json(progress))),
            job.hints,
        )
        score = checked(score)
        if partial.exists() and score.failure is None:
            move_durably(partial, job.model_file)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:
        if is_full(error):
            return ("full", str(job.model_file.parent))
        _log(error)
        score = Score(fitness=None, failure=reason(error))
    finally:
        partial.unlink(missing_ok=True)
    spent = {**score.metrics, "cpu_seconds": time.process_time() - processor}
    return ("finished", replace(score, metrics=spent), time.perf_counter() - began)


def _test(estimator: Estimator, model_file: Path) -> tuple[Any, ...]:
    try:
        return ("tested", plain_json(estimator.test(model_file)))
    except Exception as error:
        _log(error)
        return ("refused", reason(error))


def checked(score: Score) -> Score:
    """The score as JSON values; one without a finite fitness becomes a failure that says so."""
    fitness = plain_json(score.fitness)
    failure = score.failure
    if failure is None and fitness is None:
        failure = f"fitness is {score.fitness}"
    return Score(
        fitness=None if failure is not None else float(fitness),
        metrics=plain_json(score.metrics),
        curve=tuple(plain_json(score.curve)),
        failure=None if failure is None else " ".join(failure.split()),
        extra=plain_json(score.extra),
        trained=score.trained,
        cost=plain_json(score.cost),
    )


def reason(error: BaseException) -> str:
    """An error as one line: 'ValueError: …'; our own errors speak for themselves."""
    text = " ".join(str(error).split())[:_LONGEST_REASON]
    if isinstance(error, NasError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _die_with(parent: int) -> None:
    """Has the system kill this process when the parent's thread that started it ends (Linux; elsewhere a no-op)."""
    # The terminal sends Ctrl-C to the workers too; the parent decides when they stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the call above.
    if os.getppid() != parent:
        os._exit(0)


def _redirect(log: Path | None) -> None:
    """Sends everything this process prints, native libraries included, to the end of the log file."""
    target = os.open(log if log is not None else os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    # A daemon or a test runner may have given this process no usable streams of its own.
    sys.stdout = open(1, "w", buffering=1, closefd=False, encoding="utf-8", errors="replace")
    sys.stderr = open(2, "w", buffering=1, closefd=False, encoding="utf-8", errors="replace")


def _set_environment(settings: WorkerSettings) -> None:
    """Sets what the numeric libraries read once, when they are first imported."""
    if settings.threads is not None:
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            os.environ[name] = str(settings.threads)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # Several workers may share one GPU; by default the first would take all of its memory.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")


def _log(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error)
