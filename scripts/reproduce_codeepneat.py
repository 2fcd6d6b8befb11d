"""Runs, or goes on with, the thesis' comparison of CoDeepNEAT with and without MorphNet, and writes its tables.

    python scripts/reproduce_codeepneat.py                       # all data sets and arms, reduced, two repeats
    python scripts/reproduce_codeepneat.py --datasets mnist --arms plain,b --repeats 1
    python scripts/reproduce_codeepneat.py --scale paper         # the thesis' own sizes
    python scripts/reproduce_codeepneat.py --report              # tables from what is there

Every run is a `nas search` of its own under results/runs/codeepneat-<scale>/<dataset>/<arm>-<repeat>, resumed if it was
interrupted, left alone if it is complete. The plain arm of a repeat saves its first populations; the other arms start
from them. Tables and figures go to results/codeepneat/ (reduced) or results/codeepneat_paper/.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from resumable_runs import ROOT, Run, carry_out, names

from nas_cli.errors import NasError
from nas_cli.reports.experiments.codeepneat import build_codeepneat
from nas_cli.reports.experiments.codeepneat_tables import ARMS, DATASETS, PLAIN

MORPH = ("estimator=morph",)
OVERRIDES = {
    "plain": (),
    "b": MORPH,
    "a": (*MORPH, "strategy.inheritance=modules"),
    "fast": (
        *MORPH,
        "strategy.inheritance=modules",
        "strategy.compress_every=3",
        "estimator.weights=surviving",
        "estimator.reuse=true",
        "estimator.cache=true",
        "estimator.epochs=4",
        "estimator.morph.reduction=0.65",
        "estimator.morph.learning_rate=0.001",
    ),
}
"""fast: the first generation is compressed, by a share, so that a small learning rate does; its modules hand on their
widths and their weights, and half of the epochs is enough for networks that start from trained ones."""
LARGE = ("cifar100", "tiny_imagenet")
LARGE_THRESHOLD = "estimator.morph.norm_threshold=0.05"
"""The thesis' weight threshold for the two sets; 0.1 is the default."""

REDUCED_STRENGTH = "estimator.morph.multiplier=2"
"""100 to 160 steps of compression, where the whole sets give thousands, move these networks too little at 1/FLOPs."""

PAPER_RATE = "estimator.morph.learning_rate=0.001"
"""The whole sets give steps enough for the rate that the networks are trained with."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parse(arguments)
    runs = ROOT / "results" / "runs" / f"codeepneat-{given.scale}"
    failed = False
    out = ROOT / "results" / ("codeepneat" if given.scale == "reduced" else f"codeepneat_{given.scale}")
    try:
        for dataset, repeat, arm in () if given.report else product(given.datasets, range(given.repeats), given.arms):
            failed |= not carry_out([planned(runs, dataset, arm, repeat, given.scale, given.overrides)])
        for path in build_codeepneat(runs, out, f"python scripts/{Path(__file__).name} --scale {given.scale}"):
            print(path.relative_to(ROOT))
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return int(failed)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=lambda text: names(text, DATASETS), default=list(DATASETS))
    parser.add_argument("--arms", type=lambda text: names(text, ARMS), default=list(ARMS))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--scale", choices=("reduced", "paper"), default="reduced")
    parser.add_argument("--report", action="store_true", help="run nothing, write the tables")
    parser.add_argument("overrides", nargs="*", help="further KEY=VALUE for every run")
    return parser.parse_args(arguments)


def planned(runs: Path, dataset: str, arm: str, repeat: int, scale: str, further: Sequence[str]) -> Run:
    """A search; one of another arm than the plain one starts from the populations that the plain one has saved."""
    experiment = f"codeepneat_{dataset}" + ("_paper" if scale == "paper" else "")
    words = ["search", "--experiment", experiment, f"seed={repeat}", *OVERRIDES[arm], *further]
    words += _compression(dataset, arm, scale) + _populations(runs / dataset / f"{PLAIN}-{repeat}", arm)
    return Run(runs / dataset / f"{arm}-{repeat}", words)


def _compression(dataset: str, arm: str, scale: str) -> list[str]:
    if arm == PLAIN:
        return []
    words = [LARGE_THRESHOLD] if dataset in LARGE else []
    return [*words, PAPER_RATE if scale == "paper" else REDUCED_STRENGTH]


def _populations(plain: Path, arm: str) -> list[str]:
    saved = plain / "population.json"
    if arm == PLAIN or not saved.exists():
        return []
    return [f"strategy.initial_population='{saved}'"]


if __name__ == "__main__":
    sys.exit(main())
