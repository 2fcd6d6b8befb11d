"""Strategies, estimators and evaluators that do in microseconds what the real ones do in minutes."""

import ctypes
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.runs.folder import RunFolder, create_run
from nas_cli.search.evaluator import Finished, Job
from nas_cli.search.listener import Listener
from nas_cli.search.loop import run_search
from nas_cli.search.worker import checked
from nas_cli.spaces.architecture import Architecture, node
from nas_cli.spaces.candidate import Candidate
from nas_cli.strategies.contract import Outcome, Proposal

CRASH, EXIT, HANG, GREED, RAISE, NAN, PRINT, FULL = 901, 902, 903, 904, 905, 906, 907, 908
"""Widths of networks that misbehave when they are evaluated."""

START = {"command": "search", "config_digest": "d", "dataset": {"name": "fake"}}


def network(units: int) -> Architecture:
    return Architecture((node("input", shape=(4,)), node("dense", (0,), units=units), node("dense", (1,), units=2)))


def cost_of(architecture: Architecture) -> dict[str, float]:
    units = architecture.nodes[1]["units"]
    return {"macs": 6 * units, "flops": 12 * units, "params": 7 * units + 2}


class FakeEstimator:
    """A score from width and seed; equal widths with equal seeds score the same."""

    def estimate(
        self,
        architecture: Architecture,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        units = architecture.nodes[1]["units"]
        for epoch in (1, 2):
            progress({"epoch": epoch, "epochs": 2})
        misbehave(units)
        fitness = float("nan") if units == NAN else random.Random(f"{units}/{seed}").randrange(8) / 8 + units / 1000
        if model_file is not None:
            model_file.write_text(f"{units} {seed}")
        metrics = {"valid_accuracy": fitness, "train_seconds": random.random(), "evaluation_seconds": 0.0, "epochs": 2}
        metrics["compile_seconds"] = random.random()
        return Score(fitness=fitness, metrics=metrics, curve=({"epoch": 1, "train_loss": 0.5},))

    def test(self, model_file: Path) -> Mapping[str, float]:
        units, seed = model_file.read_text().split()
        return {"test_accuracy": int(units) / 1000, "test_loss": float(seed)}


class Introspective(FakeEstimator):
    """Reports what the worker process prepared before the estimator was made."""

    def estimate(
        self,
        architecture: Architecture,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        import tensorflow as tf

        threading = tf.config.threading
        pools = {
            "intra": threading.get_intra_op_parallelism_threads(), "inter": threading.get_inter_op_parallelism_threads()
        }  # fmt: skip
        return Score(fitness=1.0, metrics=pools | {"omp": float(os.environ["OMP_NUM_THREADS"])})


class Mortal(FakeEstimator):
    """Dies as often as the network is wide, then scores it; HANG never ends. Each try leaves a byte behind."""

    def estimate(
        self,
        architecture: Architecture,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        units = architecture.nodes[1]["units"]
        tries = tries_of(model_file.parent.parent, units)
        with tries.open("ab") as file:
            file.write(b".")
        if tries.stat().st_size <= units < CRASH:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().estimate(architecture, seed, model_file, progress, hints)


def tries_of(folder: Path, units: int) -> Path:
    return folder / f"tries-{units}"


class NoEstimator:
    """Cannot be made."""

    def __init__(self) -> None:
        raise ValueError("no data")


def misbehave(units: int) -> None:
    if units == CRASH:
        os.kill(os.getpid(), signal.SIGKILL)
    elif units == EXIT:
        os._exit(3)
    elif units == HANG:
        time.sleep(600)
    elif units == GREED:
        hoard = [bytes([1]) * 400_000_000]
        time.sleep(600)
        hoard.clear()
    elif units == RAISE:
        raise ValueError("two\nlines")
    elif units == PRINT:
        print("said by Python")
        ctypes.CDLL(None).puts(b"said by C")
        ctypes.CDLL(None).fflush(None)
    elif units == FULL:
        raise OSError(28, "No space left on device")


class Evolution:
    """Keeps the best network and varies it: every proposal after the first batch depends on all outcomes so far."""

    def __init__(self, generations: int = 3, population: int = 4, fixed: Sequence[int] = (), seed: int = 0) -> None:
        self._fixed = list(fixed)
        self._generations = generations
        self._population = population
        self._random = random.Random(seed)
        self._generation = 0
        self._next = 0
        self._best: tuple[float, int] = (-1.0, 50)
        self._widths: dict[int, int] = {}
        self.metrics: list[Mapping[str, float]] = []

    def ask(self) -> list[Proposal]:
        if self._generation == self._generations:
            return []
        batch = []
        for _ in range(self._population):
            units = self._fixed.pop(0) if self._fixed else self._best[1] + self._random.randrange(1, 9)
            self._widths[self._next] = units
            batch.append(Proposal(self._next, self._generation, network(units), {"parent": self._best[1]}))
            self._next += 1
        return batch

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        for told in outcomes:
            self.metrics.append(told.metrics)
            if told.fitness is not None:
                self._best = max(self._best, (told.fitness, self._widths[told.trial]))
        self._generation += 1

    def describe(self) -> Mapping[str, object]:
        return {"best": self._best}


class Inline:
    """Evaluates in this process, last job first; `before` is called before every step that a kill may precede."""

    def __init__(self, before: Callable[[], None] = lambda: None, estimator: FakeEstimator | None = None) -> None:
        self._estimator = estimator or FakeEstimator()
        self._before = before
        self.evaluated: list[int] = []
        self.tested = 0

    def evaluate(self, jobs: Sequence[Job], listener: Listener) -> Iterator[Finished]:
        for job in reversed(jobs):
            self._before()
            self.evaluated.append(job.trial)
            job.model_file.parent.mkdir(parents=True, exist_ok=True)
            try:
                score = self._estimator.estimate(job.architecture, job.seed, job.model_file, lambda _: None, job.hints)
            except ValueError as error:
                score = Score(None, failure=str(error))
            self._before()
            yield Finished(job, checked(score), 0.0, 0)

    def test(self, model_file: Path) -> Mapping[str, float]:
        self._before()
        self.tested += 1
        return self._estimator.test(model_file)

    def known_test(self, candidate: Candidate) -> Mapping[str, float] | None:
        return None

    def processes(self) -> Sequence[int]:
        return []

    def close(self) -> None:
        pass


def fresh(path: Path) -> RunFolder:
    return create_run(path, {"seed": 5}, {})


def search(run: RunFolder, evaluator: object, strategy: object = None, **options: object) -> dict:
    return run_search(run, strategy or Evolution(), evaluator, cost_of, 5, START, **options)  # type: ignore[arg-type]


def results(run: RunFolder) -> tuple[list, dict, str, str]:
    """Everything of a run that may not depend on kills and workers: trials, test, best architecture and network."""
    trials = [event for event in run.events() if event["event"] == "trial"]
    kept = ("id", "generation", "status", "reason", "fitness", "architecture", "origin", "seed", "curve", "cost")
    rows = sorted(([event[key] for key in kept] for event in trials), key=lambda row: row[0])
    test = next(event for event in run.events() if event["event"] == "test")
    best = run.best / "architecture.json"
    return rows, [test["trial"], test["metrics"]], best.read_text(), (run.best / "model.keras").read_text()
