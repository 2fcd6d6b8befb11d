"""A search on fakes with real worker processes, with the options of `nas search`; for the test of kills."""

import argparse
import time
from pathlib import Path

from nas_cli.runs.folder import create_run, open_run
from nas_cli.runs.interruption import Interrupted
from nas_cli.search.pool import WorkerPool
from nas_cli.search.worker import WorkerSettings
from tests.search.fakes import CRASH, RAISE, Evolution, FakeEstimator, search


class Slow(FakeEstimator):
    def estimate(self, *given):  # type: ignore[no-untyped-def]
        time.sleep(0.03)
        return super().estimate(*given)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_args()
    run = open_run(given.resume) if given.resume else create_run(given.out, {"seed": 5}, {})
    with run.lock(), WorkerPool(WorkerSettings(threads=1, tensorflow=False), 2, run.log) as pool:
        pool.start()
        pool.use(Slow)
        try:
            search(run, pool, Evolution(fixed=[10, CRASH, 11, RAISE]))
        except Interrupted as stop:
            print(stop)


if __name__ == "__main__":
    main()
