"""Milliseconds that the search loop spends per trial, for each strategy, and the time to resume a long journal.

    python scripts/bench_search_loop.py
    python scripts/bench_search_loop.py --trials 500 --strategies random,reinforce --resume 100000

The trials cost nothing: each looks its score up in a table of 4,096 rows that this script writes. So the whole time of
a search (proposing, journal, summary; without start of the process and reports) is overhead. Bounds: 1 ms per trial
for random, 5 ms for the others but bayesian, 10 s for a journal of 100,000 trials. Strategies that search no table have
another space, whose networks are made and counted, random scores, and no bound; those that train a supernet first have
no trials without it and are left out. Exit code 0 if all bounds are kept, else 1; on a busy machine read the processor
time.
"""

import argparse
import csv
import itertools
import math
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from lone_strategies import without_supernets

from nas_cli.build import NO_DATA, known_cost, make_economies, make_estimator, make_space, make_strategy
from nas_cli.config import SearchConfig, groups, load_config
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import NO_HINTS, Estimator, Hints, Progress, Score
from nas_cli.runs.folder import RunFolder, create_run, open_run
from nas_cli.search.in_process import InProcess
from nas_cli.search.loop import run_search
from nas_cli.spaces.candidate import Candidate

BOUNDS_MS = {"random": 1.0, "bayesian": math.inf}
OTHERS_MS = 5.0
FEW = {"bayesian": 60}
"""Trials of strategies that take too long for more."""
RESUME_SECONDS = 10.0
POPULATION = 20
START = {"command": "search", "config_digest": "bench", "dataset": {"name": "table"}}


class Timed(NamedTuple):
    """How long a search took, on the clock and of processor time, and its number of trials."""

    seconds: float
    processor_seconds: float
    trials: int


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="bench_search_loop_") as folder:
        base = Path(folder)
        description = write_table(base)
        kept = True
        for name in given.strategies.split(",") if given.strategies else without_supernets():
            kept &= one(name, base / name, description, min(given.trials, FEW.get(name, given.trials)))
        if given.resume:
            kept &= resume(base / "long", description, given.resume)
    return 0 if kept else 1


def one(name: str, folder: Path, description: Path, trials: int) -> bool:
    """Prints the milliseconds per trial of a strategy; True if they are within its bound."""
    config, space, estimator = on_table(configured(name, description, trials))
    try:
        make_strategy(config, space).ask()
    except ConfigError:
        config, space, estimator = on_networks(name, trials)
    took = timed_search(config, space, estimator, create_run(folder, {}, {}))
    bound = BOUNDS_MS.get(name, OTHERS_MS) if config.space.name == "table" else math.inf
    per_trial = 1000 * took.seconds / took.trials
    processor = 1000 * took.processor_seconds / took.trials
    print(
        f"{name:24s} {per_trial:7.3f} ms per trial (bound {bound:g}), {processor:.3f} of it processor, "
        f"{took.trials} trials of space {config.space.name}", flush=True,
    )  # fmt: skip
    return per_trial < bound


def resume(folder: Path, description: Path, trials: int) -> bool:
    """Prints the seconds to resume a journal of so many random trials that lacks only its end."""
    search = on_table(configured("random", description, trials))
    whole = timed_search(*search, create_run(folder, {}, {}))
    journal = folder / "journal.jsonl"
    data = journal.read_bytes()
    # Without the last trial, its generation, test and end: the session has all kinds of events still to write.
    cut = data.rfind(b'{"event":"trial"')
    journal.write_bytes(data[:cut])
    again = timed_search(*search, open_run(folder))
    each = 1000 * whole.seconds / trials
    print(
        f"journal of {trials:,} trials ({len(data) / 1e6:.0f} MB, made at {each:.3f} ms each): "
        f"resumed in {again.seconds:.1f} s, {again.processor_seconds:.1f} of it processor"
    )
    return again.seconds < RESUME_SECONDS


def configured(strategy: str, description: Path, trials: int) -> SearchConfig:
    """A search over the table."""
    generations = max(1, round(trials / POPULATION))
    config: SearchConfig = load_config(
        "search",
        ["space=table", f"space.description={description}", "estimator=table", f"strategy={strategy}",
         f"strategy.generations={generations}", f"strategy.population={POPULATION}"],
    )  # fmt: skip
    return config


def on_table(config: SearchConfig) -> tuple[SearchConfig, Any, Estimator]:
    """The search with its space and estimator."""
    space = make_space(config, *NO_DATA)
    return config, space, make_estimator(config, space, None)


def on_networks(strategy: str, trials: int) -> tuple[SearchConfig, Any, Estimator]:
    """A search with random scores over the first space that the strategy accepts."""
    size = [f"strategy.generations={max(1, round(trials / POPULATION))}", f"strategy.population={POPULATION}"]
    for name, shape in itertools.product(groups()["space"], ((32, 32, 3), (8,))):
        estimator = "forward" if name == "dense" else "train"
        try:
            overrides = [f"strategy={strategy}", f"space={name}", f"estimator={estimator}", *size]
            config: SearchConfig = load_config("search", overrides)
            space = make_space(config, shape, 10)
            make_strategy(config, space).ask()
        except ConfigError:
            continue
        return config, space, RandomScores()
    raise ConfigError(f"strategy={strategy} can search no registered space.")


class RandomScores:
    """Scores that depend on the candidate only."""

    def estimate(
        self, architecture: Candidate, seed: int, model_file: Path | None, progress: Progress, hints: Hints = NO_HINTS
    ) -> Score:
        """A random score."""
        return Score(random.Random(architecture.digest()).random())

    def known_test(self, candidate: Candidate) -> Mapping[str, float]:
        """A test score."""
        return {"test_accuracy": 0.0}

    def test(self, model_file: Path) -> Mapping[str, float]:
        """Never asked for: there are no networks."""
        raise ConfigError(f"there is no network in {model_file}.")


def timed_search(config: SearchConfig, space: Any, estimator: Estimator, run: RunFolder) -> Timed:
    """The whole search in `run`, begun or resumed."""
    evaluator = InProcess(estimator)
    cost_of, economies = partial(known_cost, space), replace(make_economies(config), networks=False)
    began, processor = time.perf_counter(), time.process_time()
    strategy = make_strategy(config, space)
    summary = run_search(run, strategy, evaluator, cost_of, config.seed, START, economies=economies)
    return Timed(time.perf_counter() - began, time.process_time() - processor, summary["trials"])


def write_table(folder: Path) -> Path:
    """The description of a table of 6 decisions with 4 values each; the score has one best point and local optima."""
    names = [f"d{i}" for i in range(6)]
    with (folder / "bench.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "score", "flops", "params"])
        for values in itertools.product(range(4), repeat=len(names)):
            score = 0.9 - sum((value - 1.5) ** 2 for value in values) / 40 + 0.02 * math.sin(7 * sum(values))
            writer.writerow([*values, round(score, 6), 1000 * (1 + sum(values)), 10 * (1 + math.prod(values))])
    description = folder / "bench.yaml"
    description.write_text(TABLE, encoding="utf-8")
    return description


TABLE = """\
file: bench.csv
decisions: [d0, d1, d2, d3, d4, d5]
costs: {flops: flops, params: params}
objectives:
  score: {fitness: score, measure: value}
"""


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--strategies", help="names separated by commas; default: all")
    parser.add_argument("--resume", type=int, default=100_000, help="trials of the resumed journal; 0 leaves it out")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
