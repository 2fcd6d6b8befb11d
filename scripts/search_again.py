"""Random and grid search in one go, and repeated near the best point and beyond the edges of the grid.

    python scripts/search_again.py               # 50 seeds, two minutes; results/random_against_grid/regions.*
    python scripts/search_again.py --seeds 20

The strategies of `nas search` on the formula of scripts/random_against_grid.py, with the same number of trials. In one
go, random search draws in the whole space, and the grid has the middles of equal parts of each range. Repeated, random
search goes on in regions half as wide around the best point so far (strategy.regions), and the grid, one value coarser
and at first over the inner half of each range, is made half as wide around the best point, or moves beyond an edge on
which that lies (strategy.rounds, strategy.cover).

The optimum is anywhere, or in the outer quarters of each range, where the first of the repeated grids has no point.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from random_against_grid import SPACE, anything, carried_out, make
from resumable_runs import ROOT, ended, shown

from nas_cli.reports.experiments.regions import PLACES, REPEATED, Searched, build_regions
from nas_cli.strategies.contract import Strategy
from nas_cli.strategies.grid import Grid, GridSettings
from nas_cli.strategies.random import RandomSearch, RandomSettings, RegionSettings

SIDES = (3, 4)
"""Values of each hyper-parameter on the grid in one go: 81 and 256 trials."""

COVER, SHRINK = 0.5, 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "random_against_grid")
    given = parser.parse_args(arguments)
    begun = time.perf_counter()
    searches = [
        searched(name, where, important, side, seed)
        for where in PLACES
        for important in (1, 4)
        for side in SIDES
        for seed in range(given.seeds)
        for name in (*REPEATED, *REPEATED.values())
    ]
    seconds, command = time.perf_counter() - begun, f"python scripts/{Path(__file__).name}"
    for path in build_regions(searches, given.out, command, seconds):
        print(shown(path.resolve()))
    return 0


def searched(name: str, where: str, important: int, side: int, seed: int) -> Searched:
    """One search to its end; those of a seed have the same optimum."""
    optimum = np.random.default_rng((seed, 0, 1)).random(important)
    if where == "outer quarters":
        optimum = np.where(optimum < 0.5, optimum / 2, (1 + optimum) / 2)
    strategy = repeated(name, side, seed) if name in REPEATED else make(name, side, seed)
    course = carried_out(name, strategy, optimum.tolist(), seed)
    return Searched(where, important, side**4, name, seed, len(course.scores), max(course.scores))


def repeated(name: str, side: int, seed: int) -> Strategy:
    """The strategy with side⁴ trials at most, in as many rounds as grids with a value less have room for."""
    rounds = side**4 // (side - 1) ** 4
    batches = {"generations": side**3, "population": side, "attempts": 1}
    if name == "random, repeated":
        regions = RegionSettings(rounds=rounds, shrink=SHRINK)
        return RandomSearch(RandomSettings(name="random", regions=regions, **batches), SPACE, seed, anything)
    grid = GridSettings(name="grid", points=side - 1, cover=COVER, rounds=rounds, shrink=SHRINK, **batches)
    return Grid(grid, SPACE, seed, anything)


if __name__ == "__main__":
    sys.exit(ended(main, resumes=False))
