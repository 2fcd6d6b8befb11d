"""Searches that cost nothing, with real worker processes and the options of `nas search`; to be killed.

Without overrides the fake strategy of the tests; with strategy=NAME [scheduler=NAME] a registered one.
"""

import argparse
import time
from pathlib import Path

from nas_cli.runs.folder import RunFolder, create_run, open_run
from nas_cli.runs.interruption import Interrupted
from nas_cli.search.loop import run_search
from nas_cli.search.pool import WorkerPool
from nas_cli.search.worker import WorkerSettings
from tests.search.every_strategy import Known, configured, economies, fresh_strategy
from tests.search.fakes import CRASH, RAISE, START, Evolution, FakeEstimator, search

SECONDS = 0.03


class Slow(FakeEstimator):
    def estimate(self, *given):  # type: ignore[no-untyped-def]
        time.sleep(SECONDS)
        return super().estimate(*given)


class SlowKnown(Known):
    def estimate(self, *given):  # type: ignore[no-untyped-def]
        time.sleep(SECONDS)
        return super().estimate(*given)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_args()
    run = open_run(given.resume) if given.resume else create_run(given.out, {"overrides": given.overrides}, {})
    chosen = dict(text.split("=") for text in run.config()["overrides"] if "=" in text)
    with run.lock(), WorkerPool(WorkerSettings(threads=1, tensorflow=False), 2, run.log) as pool:
        pool.start()
        try:
            registered(run, pool, **chosen) if chosen else fake(run, pool)
        except Interrupted as stop:
            print(stop)


def fake(run: RunFolder, pool: WorkerPool) -> None:
    pool.use(Slow)
    search(run, pool, Evolution(fixed=[10, CRASH, 11, RAISE]))


def registered(run: RunFolder, pool: WorkerPool, strategy: str, scheduler: str = "none") -> None:
    pool.use(SlowKnown)
    config = configured(strategy, scheduler)
    run_search(run, fresh_strategy(config), pool, lambda _: {}, 5, START, economies=economies(config))


if __name__ == "__main__":
    main()
