"""Real worker processes, without TensorFlow."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from nas_cli.errors import RunError
from nas_cli.search.evaluator import Finished, Job
from nas_cli.search.listener import Silent
from nas_cli.search.pool import WorkerPool
from nas_cli.search.worker import WorkerSettings
from tests.search.fakes import (
    CRASH,
    EXIT,
    FULL,
    GREED,
    HANG,
    NAN,
    PRINT,
    RAISE,
    Evolution,
    FakeEstimator,
    Introspective,
    Mortal,
    NoEstimator,
    fresh,
    network,
    results,
    search,
    tries_of,
)


def settings(**limits: float) -> WorkerSettings:
    return WorkerSettings(threads=1, tensorflow=False, **limits)


def pool(workers: int = 1, log: Path | None = None, **limits: float) -> WorkerPool:
    made = WorkerPool(settings(**limits), workers, log)
    made.start()
    made.use(FakeEstimator)
    return made


def jobs(folder: Path, *units: int) -> list[Job]:
    return [Job(i, network(width), i, folder / "models" / f"{i}.keras", width) for i, width in enumerate(units)]


def evaluate(made: WorkerPool, *todo: Job) -> dict[int, Finished]:
    with made:
        return {finished.job.trial: finished for finished in made.evaluate(todo, Silent())}


def test_a_trial_that_goes_wrong_fails_alone(tmp_path: Path) -> None:
    todo = jobs(tmp_path, 10, CRASH, 11, EXIT, 12, RAISE, NAN, 13)
    found = evaluate(pool(log=tmp_path / "log"), *todo)
    assert {trial: finished.score.failure for trial, finished in found.items()} == {
        0: None, 1: "crashed: signal 9", 2: None, 3: "crashed: exit code 3", 4: None, 5: "ValueError: two lines",
        6: "fitness is nan", 7: None,
    }  # fmt: skip
    assert found[7].score.fitness == FakeEstimator().estimate(network(13), 7, None, lambda _: None).fitness
    assert {file.name for file in (tmp_path / "models").iterdir()} == {"0.keras", "2.keras", "4.keras", "7.keras"}
    assert "ValueError: two" in (tmp_path / "log").read_text()


def test_a_time_limit_fails_the_trial(tmp_path: Path) -> None:
    found = evaluate(pool(trial_seconds=2.0), *jobs(tmp_path, 10, HANG, 11))
    assert {trial: finished.score.failure for trial, finished in found.items()} == {
        0: None, 1: "out of time after 2 s", 2: None
    }  # fmt: skip


def test_a_memory_limit_fails_the_trial(tmp_path: Path) -> None:
    found = evaluate(pool(memory_bytes=300e6), *jobs(tmp_path, 10, GREED, 11))
    reasons = {trial: finished.score.failure for trial, finished in found.items()}
    assert (reasons[0], reasons[2]) == (None, None)
    assert reasons[1] is not None and reasons[1].startswith("out of memory: 0.") and reasons[1].endswith("GB > 0.3 GB")


def test_a_trial_whose_worker_dies_is_tried_again_as_often_as_asked_for(tmp_path: Path) -> None:
    made = WorkerPool(settings(trial_seconds=2.0), workers=2, log=tmp_path / "log", retries=2)
    made.start()
    made.use(Mortal)
    found = evaluate(made, *jobs(tmp_path, 1, 2, 3, HANG))
    reasons = {trial: finished.score.failure for trial, finished in found.items()}
    assert reasons == {0: None, 1: None, 2: "crashed: signal 9", 3: "out of time after 2 s"}
    # One beyond a limit would be beyond it again.
    assert [tries_of(tmp_path, units).stat().st_size for units in (1, 2, 3, HANG)] == [2, 3, 3, 1]
    assert (tmp_path / "log").read_text().count("signal 9: trial 1 is tried again") == 2
    undisturbed = FakeEstimator().estimate(network(2), 1, None, lambda _: None)
    assert found[1].score.fitness == undisturbed.fitness


def test_output_of_workers_goes_to_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    evaluate(pool(log=tmp_path / "log"), *jobs(tmp_path, PRINT))
    assert {"said by Python", "said by C"} <= set((tmp_path / "log").read_text().splitlines())
    assert "said" not in "".join(capfd.readouterr())


def test_a_worker_that_has_grown_is_replaced_between_trials(tmp_path: Path) -> None:
    with pool(recycle_bytes=1.0) as made:
        before = made.processes()
        assert all(f.score.failure is None for f in made.evaluate(jobs(tmp_path, 10, 11), Silent()))
        assert not set(before) & set(made.processes())


def test_a_disk_that_fills_up_ends_the_search_not_the_trial(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="disk is full"):
        evaluate(pool(), *jobs(tmp_path, FULL))


def test_an_estimator_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    with WorkerPool(settings(), log=tmp_path / "log") as made:
        made.use(NoEstimator)
        with pytest.raises(RunError, match="worker 0 could not start: ValueError: no data; see .*log"):
            list(made.evaluate(jobs(tmp_path, 10), Silent()))


def test_a_worker_killed_while_idle_is_replaced(tmp_path: Path) -> None:
    with pool() as made:
        assert len(list(made.evaluate(jobs(tmp_path, 10), Silent()))) == 1
        psutil.Process(made.processes()[0]).kill()
        assert [f.score.failure for f in made.evaluate(jobs(tmp_path, 11), Silent())] == [None]
        psutil.Process(made.processes()[0]).kill()
        assert made.test(tmp_path / "models" / "0.keras")["test_accuracy"] == 0.011


def test_a_network_that_cannot_be_tested_is_one_line(tmp_path: Path) -> None:
    with pool(log=tmp_path / "log") as made, pytest.raises(RunError, match="could not be tested: FileNotFoundError"):
        made.test(tmp_path / "none.keras")


def test_epochs_reach_the_listener(tmp_path: Path) -> None:
    heard: list[tuple[int, float]] = []

    class Ear:
        def on_epoch(self, trial: int, progress: Mapping[str, float]) -> None:
            heard.append((trial, progress["epoch"]))

        def on_trial(self, event: object, replayed: bool) -> None: ...

        def on_generation(self, event: object) -> None: ...

    with pool() as made:
        list(made.evaluate(jobs(tmp_path, 10, 11), Ear()))
    assert heard == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_threads_are_set_before_tensorflow_computes(tmp_path: Path) -> None:
    with WorkerPool(WorkerSettings(threads=3, deterministic=True), log=tmp_path / "log") as made:
        made.start()
        made.use(Introspective)
        (finished,) = made.evaluate(jobs(tmp_path, 10), Silent())
    assert finished.score.failure is None
    assert {**finished.score.metrics, "cpu_seconds": 0} == {"intra": 3, "inter": 3, "omp": 3, "cpu_seconds": 0}


def test_the_longest_trials_start_first_when_there_are_several_workers(tmp_path: Path) -> None:
    begun: list[int] = []

    class Ear:
        def on_epoch(self, trial: int, progress: Mapping[str, float]) -> None:
            if progress["epoch"] == 1:
                begun.append(trial)

        def on_trial(self, event: object, replayed: bool) -> None: ...

        def on_generation(self, event: object) -> None: ...

    with pool(2, trial_seconds=1.0) as made:
        found = list(made.evaluate(jobs(tmp_path, 10, HANG, HANG, 11), Ear()))
    assert set(begun[:2]) == {1, 2}
    assert len(found) == 4


def test_one_and_two_workers_find_the_same(tmp_path: Path) -> None:
    runs = []
    for workers in (1, 2):
        run = fresh(tmp_path / str(workers))
        summary = search(run, pool(workers, run.log), Evolution(fixed=[10, CRASH, 9, RAISE]))
        assert (summary["trials"], summary["failed"]) == (12, 2)
        assert summary["search"]["peak_memory_bytes"] > 2e7
        runs.append(run)
    assert results(runs[0]) == results(runs[1])


def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    script = f"""
import time
from pathlib import Path
from nas_cli.search.listener import Silent
from tests.search.test_pool import HANG, jobs, pool
if __name__ == "__main__":
    made = pool(2)
    print(*made.processes(), flush=True)
    list(made.evaluate(jobs(Path({str(tmp_path)!r}), HANG, HANG), Silent()))
"""
    (tmp_path / "driver.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])}
    with psutil.Popen([sys.executable, str(tmp_path / "driver.py")], stdout=subprocess.PIPE, env=environment) as parent:
        workers = [int(number) for number in parent.stdout.readline().split()]
        time.sleep(0.5)
        parent.kill()
    assert len(workers) == 2
    for _ in range(1000):
        if not any(alive(pid) for pid in workers):
            break
        time.sleep(0.01)
    assert not any(alive(pid) for pid in workers)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
