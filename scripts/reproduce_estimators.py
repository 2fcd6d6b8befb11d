"""Runs, or goes on with, the comparison of estimators with full training, and writes results/estimators/.

    python scripts/reproduce_estimators.py               # every arm, three seeds
    python scripts/reproduce_estimators.py --seeds 2 --arms train,extrapolate
    python scripts/reproduce_estimators.py --report      # tables from what is there

Every run is a `nas search` of its own under results/runs/estimators/fashion_mini/<arm>-<seed>, resumed if it was
interrupted, left alone if it is complete: grid search over a space so small that all of it is scored.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from resumable_runs import ROOT, Run, add_places, carry_out, ended, names, replaced, shown

from nas_cli.reports.experiments.estimators import build_estimators

RUNS = ROOT / "results" / "runs" / "estimators"
ARMS: Mapping[str, tuple[str, ...]] = {
    "train": (),
    "extrapolate": ("--estimator", "extrapolate"),
    "inherit": ("--estimator", "inherit"),
    "zero_cost": ("--estimator", "zero_cost", "estimator.proxy=all"),
}


def every_run(given: argparse.Namespace) -> list[Run]:
    """The runs that the options ask for, all arms of a seed before the next one."""
    seeds = () if given.report else range(given.seeds)
    return [_planned(arm, seed, given.runs, given.overrides) for seed, arm in product(seeds, given.arms)]


def _planned(arm: str, seed: int, runs: Path, further: Sequence[str]) -> Run:
    words = ["search", "--experiment", "estimators", *ARMS[arm], f"seed={seed}"]
    return Run(runs / "fashion_mini" / f"{arm}-{seed}", replaced(words, further))


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = parse(arguments)
    complete = carry_out(every_run(given))
    for path in build_estimators(given.runs, given.out, f"python scripts/{Path(__file__).name}"):
        print(shown(path))
    return int(not complete)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 … SEEDS − 1, at least 2; default: 3")
    parser.add_argument("--arms", type=lambda text: names(text, ARMS), default=list(ARMS), help="default: all")
    add_places(parser, RUNS, ROOT / "results" / "estimators")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(ended(main))
