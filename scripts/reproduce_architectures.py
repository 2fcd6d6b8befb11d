"""Trains, or goes on with, small networks of several families, and writes results/architectures/.

    python scripts/reproduce_architectures.py               # every network, two seeds
    python scripts/reproduce_architectures.py --seeds 1 --arms resnet20,mobilenet
    python scripts/reproduce_architectures.py --report      # tables from what is there

Every run is a `nas train` of its own under results/runs/architectures/cifar10/<family>-<width>-<seed>, resumed if it
was interrupted, left alone if it is complete. ResNet-20 at several widths is what the others are measured by at equal
MACs and at equal time; two chains differ in nothing but separable in place of whole convolutions. Of Keras' networks
there is MobileNet alone: the batch norm of its successors forgets a thousandth a step, and has not forgotten its
beginning when these trainings end. Afterwards the networks of a seed are timed in turns.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from measured_together import measure_together
from resumable_runs import ROOT, Run, add_places, carry_out, ended, names, of_arms, replaced, shown

from nas_cli.reports.experiments.architectures import CHAINS, DATASET, build_architectures
from nas_cli.runs.files import write_atomic
from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.chain_network import image_network

RUNS = ROOT / "results" / "runs" / "architectures"
WIDTHS = {"resnet20": (0.125, 0.25, 0.5), "vgg16_cifar": (0.125,), "mobilenet": (0.25, 0.5)}
FILTERS = (16, 32, 32, 64, 64)
"""Of the chains, whose second, third and last block halve the maps."""

HALVING = (2, 3, 5)
SHAPE, CLASSES = (32, 32, 3), 10


def planned(seed: int, root: Path) -> Iterator[Run]:
    """The runs of a seed."""
    common = ("train", "--experiment", "architectures", f"seed={seed}")
    for model, widths in WIDTHS.items():
        for width in widths:
            yield Run(root / DATASET / f"{model}-{width}-{seed}", (*common, "--model", model, f"model.width={width}"))
    for chain in CHAINS:
        yield Run(root / DATASET / f"{chain}-1-{seed}", (*common, "--model", str(chain_file(chain, root))))


def chain_file(operation: str, root: Path) -> Path:
    """Where a chain's architecture lies."""
    return root / DATASET / f"{operation}.json"


def write_chains(root: Path) -> None:
    """Writes both architectures, as `nas train --model` reads them."""
    for chain in CHAINS:
        values: dict[str, Scalar] = {"blocks": len(FILTERS), "head": "global_average_pool", "dense_layers": 0}
        values |= {"batch_norm": True, "dropout": 0.0}
        for block, filters in enumerate(FILTERS, start=1):
            reduction = "max_pool" if block in HALVING else "none"
            own: dict[str, Scalar] = {"operation": chain, "kernel": 3, "filters": filters, "reduction": reduction}
            values |= {f"block_{block}_{key}": value for key, value in own.items()}
        file = chain_file(chain, root)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps(image_network(values, 1, SHAPE, CLASSES).to_json()).encode("utf-8"))


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = parse(arguments)
    complete = True
    for seed in () if given.report else range(given.seeds):
        write_chains(given.runs)
        complete &= carry_out(_of(seed, given))
        measure_together(given.runs / DATASET, seed)
    for path in build_architectures(given.runs, given.out, f"python scripts/{Path(__file__).name}"):
        print(shown(path))
    return int(not complete)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--arms", type=lambda text: names(text, (*WIDTHS, *CHAINS)), default=[], help="default: all")
    add_places(parser, RUNS, ROOT / "results" / "architectures")
    return parser.parse_args(arguments)


def every_run(given: argparse.Namespace) -> Iterator[Run]:
    """The runs that the options ask for."""
    for seed in () if given.report else range(given.seeds):
        yield from _of(seed, given)


def _of(seed: int, given: argparse.Namespace) -> list[Run]:
    runs = of_arms(planned(seed, given.runs), given.arms)
    return [Run(run.path, replaced(run.command, given.overrides)) for run in runs]


if __name__ == "__main__":
    sys.exit(ended(main))
