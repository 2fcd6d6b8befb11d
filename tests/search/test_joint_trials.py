"""Trials that several processes train together; here these are threads."""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas_cli.errors import LaunchError
from nas_cli.estimators.contract import Score
from nas_cli.search.evaluator import Job
from nas_cli.search.joint_trials import JointTrials, follow_joint
from nas_cli.search.listener import Silent
from tests.search.fakes import Evolution, FakeEstimator, fresh, results, search
from tests.search.test_ring_evaluator import jobs, pool
from tests.search.thread_ring import rings


class Joint(FakeEstimator):
    """Adds up the ranks of all processes; some networks go wrong in process 1, before or in the common computation."""

    def __init__(self, ring: Any) -> None:
        self._ring = ring

    def estimate(self, architecture: Any, seed: int, model_file: Path | None, *rest: Any) -> Score:
        units = architecture.nodes[1]["units"]
        assert (model_file is None) == bool(self._ring.rank)
        if units == 66 and self._ring.rank == 1:
            raise MemoryError("no memory")
        if units == 55:
            return Score(None, failure="too small")
        self._ring.barrier()
        if units == 77:
            raise ValueError("shapes")
        if units == 88 and self._ring.rank == 0:
            os.kill(os.getpid(), signal.SIGINT)
        self.met = self._ring.gather(self._ring.rank)
        score = super().estimate(architecture, seed, model_file, *rest)
        return replace(score, metrics={**score.metrics, "ranks": float(sum(self.met))})


class Processes:
    """Rank 0's evaluator and two other processes, which must end with it."""

    def __init__(self, size: int = 3) -> None:
        mine, *others = rings(size)
        self._threads = [threading.Thread(target=quietly(ring), daemon=True) for ring in others]
        for thread in self._threads:
            thread.start()
        self.evaluator = JointTrials(mine, Joint)

    def __enter__(self) -> JointTrials:
        return self.evaluator

    def __exit__(self, *error: object) -> None:
        self.evaluator.close()
        for thread in self._threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self._threads)


def quietly(ring: Any) -> Callable[[], None]:
    def run() -> None:
        try:
            follow_joint(ring, Joint)
        except LaunchError:
            # A process that ends breaks the ring.
            ring.leave()

    return run


def evaluated(evaluator: JointTrials, *todo: Job) -> list[Score]:
    return [one.score for one in evaluator.evaluate(todo, Silent())]


def test_all_take_part_and_one_saves(tmp_path: Path) -> None:
    with Processes() as evaluator:
        first, second = evaluated(evaluator, *jobs(tmp_path, 10, 20))
        assert evaluator.test(tmp_path / "models" / "1.keras")["test_accuracy"] == 0.02
        assert evaluator.processes() == (os.getpid(), os.getpid())
    assert first.metrics["ranks"] == second.metrics["ranks"] == 3
    assert sorted(file.name for file in (tmp_path / "models").iterdir()) == ["0.keras", "1.keras"]


def test_what_fails_in_one_process_before_the_common_training_is_a_failed_trial(tmp_path: Path) -> None:
    with Processes() as evaluator:
        scores = evaluated(evaluator, *jobs(tmp_path, 66, 55, 10))
    assert [score.failure for score in scores] == ["MemoryError: no memory", "too small", None]


def test_what_fails_in_the_common_training_ends_the_job_in_one_line(tmp_path: Path) -> None:
    with Processes() as evaluator, pytest.raises(LaunchError, match="trial 0 failed .* resources.parallel=trials"):
        evaluated(evaluator, *jobs(tmp_path, 77))


def test_ctrl_c_waits_until_nobody_waits_for_this_process(tmp_path: Path) -> None:
    with Processes() as evaluator, pytest.raises(KeyboardInterrupt):
        evaluated(evaluator, *jobs(tmp_path, 88, 10))


def test_a_search_on_them_is_a_search(tmp_path: Path) -> None:
    run, alone = fresh(tmp_path / "joint"), fresh(tmp_path / "alone")
    with Processes() as evaluator:
        search(run, evaluator, Evolution(fixed=[10, 12]))
    search(alone, pool(), Evolution(fixed=[10, 12]))
    assert results(run) == results(alone)
