"""The result of a search does not depend on who evaluates its trials."""

from pathlib import Path

import pytest

from nas_cli.search.in_process import InProcess
from nas_cli.search.loop import run_search
from nas_cli.search.pool import WorkerPool
from nas_cli.search.worker import WorkerSettings
from tests.search.every_strategy import Known, configured, economies, fresh_strategy
from tests.search.fakes import START, fresh
from tests.search.test_every_strategy import results


@pytest.mark.parametrize(
    ("strategy", "scheduler"), [("regularized_evolution", "none"), ("random", "hyperband"), ("nsga2", "none")]
)
def test_one_two_and_four_workers_and_none_give_the_same_journal(tmp_path: Path, strategy: str, scheduler: str) -> None:
    config, found = configured(strategy, scheduler), []
    for workers in (0, 1, 2, 4):
        run = fresh(tmp_path / str(workers))
        evaluator: InProcess | WorkerPool = InProcess(Known())
        if workers:
            evaluator = WorkerPool(WorkerSettings(threads=1, tensorflow=False), workers, run.log)
            evaluator.start()
            evaluator.use(Known)
        run_search(run, fresh_strategy(config), evaluator, lambda _: {}, 5, START, economies=economies(config))
        rows, generations, _, best = results(run)
        found.append((rows, generations, best))
    assert found[1:] == found[:1] * 3
    assert len(found[0][0]) >= 12
