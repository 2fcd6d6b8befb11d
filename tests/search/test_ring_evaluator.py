"""Trials dealt out over several processes; here these are threads, their workers real processes."""

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import LaunchError, RunError
from nas_cli.search.evaluator import Job
from nas_cli.search.listener import Silent
from nas_cli.search.pool import WorkerPool
from nas_cli.search.ring_evaluator import RingEvaluator, deal, follow
from nas_cli.search.worker import WorkerSettings
from tests.search.fakes import CRASH, FULL, HANG, RAISE, Evolution, FakeEstimator, fresh, network, results, search
from tests.search.thread_ring import ThreadRing, rings


def pool(workers: int = 1, estimator: Callable[[], Any] = FakeEstimator, **limits: float) -> WorkerPool:
    made = WorkerPool(WorkerSettings(threads=1, tensorflow=False, **limits), workers)
    made.start()
    made.use(estimator)
    return made


class Together:
    """The evaluator of rank 0, the other processes being threads that end with it."""

    def __init__(self, size: int = 2, workers: int = 1, **limits: float) -> None:
        # Workers die with the thread that has started them: here all pools start in the main one.
        self.pools = [pool(workers, **limits) for _ in range(size)]
        mine, *others = rings(size)
        self.threads = [
            threading.Thread(target=follow, args=(ring, theirs), daemon=True)
            for ring, theirs in zip(others, self.pools[1:], strict=True)
        ]
        self.evaluator = RingEvaluator(mine, self.pools[0], workers)

    def __enter__(self) -> RingEvaluator:
        for thread in self.threads:
            thread.start()
        return self.evaluator

    def __exit__(self, *error: object) -> None:
        self.evaluator.close()
        for thread in self.threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self.threads)
        assert [made.processes() for made in self.pools] == [[] for _ in self.pools]


def jobs(folder: Path, *units: int) -> list[Job]:
    return [Job(i, network(width), i, folder / "models" / f"{i}.keras", width) for i, width in enumerate(units)]


@given(st.integers(0, 9), st.lists(st.integers(0, 3), min_size=1, max_size=4))
def test_jobs_are_dealt_in_order_to_those_who_have_room(count: int, free: list[int]) -> None:
    todo = jobs(Path("/"), *range(count))
    waiting = deque(todo)
    dealt = deal(waiting, free)
    assert sorted(job.trial for part in [*dealt, waiting] for job in part) == list(range(count))
    assert all(len(part) <= room for part, room in zip(dealt, free, strict=True))
    assert not waiting or sum(map(len, dealt)) == sum(free)
    assert [job.trial for job in waiting] == list(range(count))[count - len(waiting) :]


def test_nobody_gets_a_second_job_before_all_with_room_have_one() -> None:
    dealt = deal(deque(jobs(Path("/"), 1, 2, 3)), [2, 0, 2])
    assert [[job.trial for job in part] for part in dealt] == [[0, 2], [], [1]]


def test_all_processes_work_and_a_trial_that_goes_wrong_fails_alone(tmp_path: Path) -> None:
    units = (10, CRASH, 11, RAISE, 12, 13)
    with Together(size=2, workers=1) as evaluator:
        done = {one.job.trial: one for one in evaluator.evaluate(jobs(tmp_path, *units), Silent())}
        again = [one.job.trial for one in evaluator.evaluate(jobs(tmp_path, 20), Silent())]
        assert evaluator.test(tmp_path / "models" / "0.keras")["test_accuracy"] == 0.02
    failures = {trial: one.score.failure for trial, one in done.items() if one.score.failure is not None}
    assert failures == {1: "crashed: signal 9", 3: "ValueError: two lines"}
    assert sorted(done) == list(range(6)) and again == [0]
    assert {one.worker for one in done.values()} == {0, 1}


def test_limits_hold_in_every_process(tmp_path: Path) -> None:
    with Together(size=2, trial_seconds=0.3) as evaluator:
        done = list(evaluator.evaluate(jobs(tmp_path, HANG, HANG), Silent()))
    assert {one.score.failure for one in done} == {"out of time after 0.3 s"}


def test_a_search_is_the_same_with_any_number_of_processes(tmp_path: Path) -> None:
    def found(size: int, workers: int) -> Any:
        run = fresh(tmp_path / f"{size}x{workers}")
        with Together(size, workers) as evaluator:
            search(run, evaluator, Evolution(fixed=[10, CRASH, 11, RAISE]))
        return results(run)

    alone = fresh(tmp_path / "alone")
    search(alone, pool(), Evolution(fixed=[10, CRASH, 11, RAISE]))
    assert found(2, 2) == results(alone)


def test_a_process_that_cannot_go_on_ends_the_search_with_its_reason(tmp_path: Path) -> None:
    with Together(size=2) as evaluator, pytest.raises(RunError, match="the disk is full"):
        list(evaluator.evaluate(jobs(tmp_path, FULL, FULL), Silent()))


def test_an_abandoned_batch_ends_the_others_too(tmp_path: Path) -> None:
    with Together(size=2, workers=2) as evaluator:
        for _ in evaluator.evaluate(jobs(tmp_path, 10, HANG, HANG), Silent()):
            break


class TornRing(ThreadRing):
    def gather(self, value: Any) -> list[Any]:
        raise RuntimeError("connection reset\nby peer")


def test_a_process_that_is_gone_is_one_line_and_closing_is_quiet(tmp_path: Path) -> None:
    evaluator = RingEvaluator(TornRing(0, [None], threading.Barrier(1)), pool(), 1)
    with pytest.raises(LaunchError, match=r"another process of this job is gone \(connection reset\)"):
        list(evaluator.evaluate(jobs(tmp_path, 10), Silent()))
    evaluator.close()
