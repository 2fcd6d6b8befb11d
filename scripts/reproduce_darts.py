"""Runs, or goes on with, DARTS on NAS-Bench-201 and in its own space of cells, and writes results/darts/.

    python scripts/reproduce_darts.py                        # both spaces and orders, and one-shot search
    python scripts/reproduce_darts.py --parts nasbench201 --arms first
    python scripts/reproduce_darts.py strategy.searches=1 scale=smoke    # a look, in minutes
    python scripts/reproduce_darts.py --report               # tables from what is there

Every run is a `nas search` of its own under results/runs/darts/<part>/<arm>-0, of several searches with seeds of their
own, resumed if it was interrupted, left alone if it is complete. On NAS-Bench-201 the supernet is trained on CIFAR-10,
and every network, derived or random, is looked up in the published table; in the space of cells all are trained.
one_shot, on NAS-Bench-201 alone: how well a supernet trained on single cells ranks 100 of them.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from resumable_runs import ROOT, Run, add_places, carry_out, ended, names, replaced, shown

from nas_cli.estimators.published_tables import published_table
from nas_cli.reports.experiments.darts import ARMS, BENCH, CELL, ONE_SHOT, build_darts

RUNS = ROOT / "results" / "runs" / "darts"
OUT = ROOT / "results" / "darts"
WORDS = {
    "first": ["strategy.order=1"],
    "second": ["strategy.order=2"],
    ONE_SHOT: ["--strategy", ONE_SHOT, "strategy.sampling=random", "strategy.scored=100"],
}


def runs(parts: Sequence[str], arms: Sequence[str], folder: Path, further: Sequence[str] = ()) -> list[Run]:
    """The runs of these parts and arms."""
    return [
        Run(folder / part / f"{arm}-0", replaced(["search", "--experiment", f"darts_{part}", *WORDS[arm]], further))
        for part, arm in product(parts, arms)
        if (part, arm) != (CELL, ONE_SHOT)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = parse(arguments)
    complete = carry_out(every_run(given))
    command = f"python scripts/{Path(__file__).name}"
    for path in build_darts(given.runs, published_table(BENCH), given.out, command):
        print(shown(path))
    return int(not complete)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=lambda text: names(text, (BENCH, CELL)), default=[BENCH, CELL])
    parser.add_argument("--arms", type=lambda text: names(text, tuple(ARMS)), default=list(ARMS))
    add_places(parser, RUNS, OUT)
    return parser.parse_args(arguments)


def every_run(given: argparse.Namespace) -> list[Run]:
    """The runs that the options ask for."""
    return [] if given.report else runs(given.parts, given.arms, given.runs, given.overrides)


if __name__ == "__main__":
    sys.exit(ended(main))
