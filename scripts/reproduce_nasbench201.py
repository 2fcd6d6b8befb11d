"""Runs, or goes on with, the comparison of search strategies on NAS-Bench-201, and writes its tables and figures.

    python scripts/reproduce_nasbench201.py                             # every arm, 200 seeds (Gaussian process: 20)
    python scripts/reproduce_nasbench201.py --arms random,regularized_evolution,reinforce
    python scripts/reproduce_nasbench201.py --seeds 10
    python scripts/reproduce_nasbench201.py --report                    # tables from what is there

Every run is a search with a journal of its own under results/runs/nasbench201/<arm>/<seed>, the same as that of
`nas search --space nasbench201 --estimator table` with the overrides below, resumed if it was interrupted, left alone
if it is complete. The runs share processes, because most take less time than Python needs to start. Tables and figures
go to results/nasbench201/.
"""

import argparse
import functools
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from resumable_runs import ROOT, ended, names, shown
from time_limit import TimeLimit

from nas_cli.build import NO_DATA, known_cost, make_economies, make_estimator, make_space, make_strategy
from nas_cli.commands.search import start_event
from nas_cli.config import SearchConfig, load_config
from nas_cli.estimators.published_tables import published_table
from nas_cli.reports.experiments.nasbench201 import build_nasbench201
from nas_cli.reports.experiments.nasbench201_arms import ARMS, FEW, find_runs
from nas_cli.reports.source import load
from nas_cli.runs.environment import environment
from nas_cli.runs.folder import CONFIG, RunFolder, create_run
from nas_cli.schema import plain
from nas_cli.search.in_process import InProcess
from nas_cli.search.loop import run_search
from nas_cli.search.summary import is_complete

COMMON = ("space=nasbench201", "estimator=table", "strategy.population=10")
UNTIMED = "strategy.generations=10"
TIMED = "strategy.generations=100"
"""More trials than the simulated time allows."""
HYPERBAND = ("scheduler=hyperband", "scheduler.budgets=[12,200]", "scheduler.eta=16")

OVERRIDES: dict[str, tuple[str, ...]] = {
    "random": ("strategy=random",),
    "regularized_evolution": ("strategy=regularized_evolution", "strategy.sample=3"),
    "reinforce": ("strategy=reinforce",),
    "tpe": ("strategy=bayesian",),
    "gaussian_process": ("strategy=bayesian", "strategy.surrogate=gaussian_process"),
    "local_search": ("strategy=local_search",),
    "grid": ("strategy=grid",),
    "nsga2": ("strategy=nsga2",),
    "random_timed": ("strategy=random", TIMED),
    "hyperband": ("strategy=random", *HYPERBAND, TIMED),
    "bohb": ("strategy=bayesian", *HYPERBAND, TIMED),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parse(arguments)
    began = time.perf_counter()
    tasks = [
        (given.runs, arm, seed)
        for arm, seed in product(given.arms, range(given.seeds))
        if seed < FEW.get(arm, given.seeds)
    ]
    if not given.report:
        published_table("nasbench201")
        _run_all(tasks, given.processes)
        print(f"{len(tasks)} runs in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    arms = find_runs(given.runs)
    command = f"python scripts/{Path(__file__).name}"
    machines = [load(given.runs / arm / str(searches[0].seed)).environment for arm, searches in arms.items()]
    for path in build_nasbench201(arms, published_table("nasbench201"), given.out, command, machines):
        print(shown(path))
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", type=lambda text: names(text, ARMS), default=list(ARMS))
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=ROOT / "results" / "runs" / "nasbench201")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "nasbench201")
    parser.add_argument("--report", action="store_true", help="run nothing, write the tables")
    return parser.parse_args(arguments)


def _run_all(tasks: Sequence[tuple[Path, str, int]], processes: int) -> None:
    if processes == 1:
        for task in tasks:
            carry_out(task)
        return
    # A forked process may inherit locked locks of the numeric libraries' threads.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for _ in pool.map(carry_out, tasks, chunksize=5):
            pass


def carry_out(task: tuple[Path, str, int]) -> None:
    """Begins or continues one run, and ends it."""
    runs, arm, seed = task
    path = runs / arm / str(seed)
    config = replace(_config(arm), seed=seed)
    run = RunFolder(path) if (path / CONFIG).exists() else create_run(path, plain(config), _environment(arm))
    events = run.events()
    if is_complete(events):
        return
    space, evaluator = _parts(arm)
    strategy = make_strategy(config, space)
    if TIMED in OVERRIDES[arm]:
        strategy = TimeLimit(strategy, _seconds())
    start = start_event(config, {**space.table.describe(), "name": space.name})
    cost_of, economies = partial(known_cost, space), make_economies(config)
    with run.lock():
        run_search(run, strategy, evaluator, cost_of, seed, start, economies=economies, events=events)


@functools.cache
def _config(arm: str) -> SearchConfig:
    length = () if TIMED in OVERRIDES[arm] else (UNTIMED,)
    config: SearchConfig = load_config("search", [*COMMON, *OVERRIDES[arm], *length])
    return config


@functools.cache
def _environment(arm: str) -> dict[str, Any]:
    return environment(sys.argv, OVERRIDES[arm])


@functools.cache
def _parts(arm: str) -> tuple[Any, InProcess]:
    space = make_space(_config(arm), *NO_DATA)
    return space, InProcess(make_estimator(_config(arm), space, None))


@functools.cache
def _seconds() -> float:
    """The simulated time of 100 trainings of 12 epochs, each as long as the mean over the table."""
    table = published_table("nasbench201")
    return float(100 * table.numbers("c10_train_seconds_200ep").mean() * 12 / 200)


if __name__ == "__main__":
    sys.exit(ended(main))
