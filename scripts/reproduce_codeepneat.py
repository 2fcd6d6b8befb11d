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
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from resumable_runs import ROOT, Run, add_places, carry_out, ended, names, replaced, shown

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
    given = parse(arguments)
    out = given.out or ROOT / "results" / ("codeepneat" if given.scale == "reduced" else f"codeepneat_{given.scale}")
    failed = False
    for run in every_run(given):
        failed |= not carry_out([run])
    for path in build_codeepneat(given.runs, out, f"python scripts/{Path(__file__).name} --scale {given.scale}"):
        print(shown(path))
    return int(failed)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--datasets", type=lambda text: names(text, DATASETS), default=list(DATASETS), help=f"of {','.join(DATASETS)}"
    )
    parser.add_argument("--arms", type=lambda text: names(text, ARMS), default=list(ARMS), help=f"of {','.join(ARMS)}")
    parser.add_argument("--repeats", type=int, default=2, help="seeds of each arm")
    parser.add_argument("--scale", choices=("reduced", "paper"), default="reduced")
    add_places(parser)
    given = parser.parse_args(arguments)
    given.runs = given.runs or ROOT / "results" / "runs" / f"codeepneat-{given.scale}"
    return given


def every_run(given: argparse.Namespace) -> Iterator[Run]:
    """The runs that the options ask for; the words of one follow from what those before have written."""
    for dataset, repeat, arm in () if given.report else product(given.datasets, range(given.repeats), given.arms):
        yield planned(given.runs, dataset, arm, repeat, given.scale, given.overrides)


def planned(runs: Path, dataset: str, arm: str, repeat: int, scale: str, further: Sequence[str]) -> Run:
    """A search; one of another arm than the plain one starts from the populations that the plain one has saved."""
    experiment = f"codeepneat_{dataset}" + ("_paper" if scale == "paper" else "")
    words = ["search", "--experiment", experiment, f"seed={repeat}", *OVERRIDES[arm]]
    words += _compression(dataset, arm, scale) + _populations(runs / dataset / f"{PLAIN}-{repeat}", arm)
    return Run(runs / dataset / f"{arm}-{repeat}", replaced(words, further))


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
    sys.exit(ended(main))
