"""Random search against grid search where one of four hyper-parameters matters, and where all four do.

    python scripts/random_against_grid.py               # 100 seeds, half a minute; results/random_against_grid/
    python scripts/random_against_grid.py --seeds 20

Both are the strategies of `nas search`, asked and told here without a run folder: a journal of each of the hundreds of
searches would say nothing more. What is searched is a formula, so the result says nothing of a real network: it shows
what the number of important hyper-parameters alone does.

The score of four hyper-parameters, each placed in [0, 1] of its range, is exp(-d²/(2·0.05²)), with d² the mean over the
important ones of the squared distance from an optimum that is drawn anew for every seed. A grid of k⁴ points has the
middles of k equal parts of each range.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from resumable_runs import ROOT, ended, shown

from nas_cli.reports.experiments.random_against_grid import Course, build_random_against_grid
from nas_cli.spaces.candidate import Candidate, Scalar
from nas_cli.spaces.decision import Decision, Numeric
from nas_cli.spaces.decision_space import DecisionSpace
from nas_cli.strategies.contract import Outcome, Proposal, Strategy
from nas_cli.strategies.grid import Grid, GridSettings
from nas_cli.strategies.random import RandomSearch, RandomSettings, RegionSettings

WIDTH = 0.05
SIDES = (2, 3, 4)
"""Values of each hyper-parameter on the grid: 16, 81 and 256 trials."""

SPACE = DecisionSpace(
    [
        Decision("learning_rate", Numeric(1e-5, 1.0, distribution="log_uniform")),
        Decision("momentum", Numeric(0.0, 1.0)),
        Decision("weight_decay", Numeric(1e-6, 1e-2, distribution="log_uniform")),
        Decision("dropout", Numeric(0.0, 0.9)),
    ]
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "random_against_grid")
    given = parser.parse_args(arguments)
    begun = time.perf_counter()
    courses = [
        search(name, important, side, seed)
        for important in (1, 4)
        for side in SIDES
        for seed in range(given.seeds)
        for name in ("grid", "random")
    ]
    seconds, command = time.perf_counter() - begun, f"python scripts/{Path(__file__).name}"
    for path in build_random_against_grid(courses, given.out, command, seconds):
        print(shown(path.resolve()))
    return 0


def search(name: str, important: int, side: int, seed: int) -> Course:
    """One search to its end."""
    # Not (seed,), which is the same stream as (seed, 0): that of random search's first trial.
    optimum = np.random.default_rng((seed, 0, 1)).random(important).tolist()
    return carried_out(name, make(name, side, seed), optimum, seed)


def carried_out(name: str, strategy: Strategy, optimum: Sequence[float], seed: int) -> Course:
    """The search of a strategy to its end; as many hyper-parameters are important as the optimum has places."""
    important = len(optimum)
    places: list[tuple[float, ...]] = []
    scores: list[float] = []
    while batch := strategy.ask():
        new = [place(proposal) for proposal in batch]
        told = [score(one[:important], optimum) for one in new]
        strategy.tell([Outcome(p.trial, fitness) for p, fitness in zip(batch, told, strict=True)])
        places += new
        scores += told
    return Course(name, important, seed, tuple(places), tuple(scores))


def make(name: str, side: int, seed: int) -> Strategy:
    """The strategy with side⁴ trials."""
    if name == "random":
        plain = RegionSettings(rounds=1, shrink=1.0)
        random = RandomSettings(name=name, generations=side**3, population=side, attempts=1, regions=plain)
        return RandomSearch(random, SPACE, seed, anything)
    grid = GridSettings(
        name=name, generations=side**3, population=side, points=side, cover=1 - 1 / side, rounds=1, shrink=1.0,
        attempts=1,
    )  # fmt: skip
    return Grid(grid, SPACE, seed, anything)


def place(proposal: Proposal) -> tuple[float, ...]:
    """The hyper-parameters of a proposal, each in [0, 1] of its range, to twelve digits."""
    values: dict[str, Scalar] = proposal.architecture.to_json()["point"]
    return tuple(round(decision.domain.unit(values[decision.name]), 12) for decision in SPACE.decisions)


def score(important: Sequence[float], optimum: Sequence[float]) -> float:
    """In (0, 1], 1 at the optimum."""
    distance = sum((a - b) ** 2 for a, b in zip(important, optimum, strict=True)) / len(optimum)
    return math.exp(-distance / (2 * WIDTH**2))


def anything(candidate: Candidate) -> bool:
    """True: there are no limits."""
    return True


if __name__ == "__main__":
    sys.exit(ended(main, resumes=False))
