"""Runs, or goes on with, the pruning experiments, and writes their tables: criteria, latency, lottery, regrowth.

    python scripts/reproduce_pruning.py                    # all experiments, reduced, three seeds
    python scripts/reproduce_pruning.py --only lottery     # LeNet-300-100 on MNIST: ticket, new weights, dense
    python scripts/reproduce_pruning.py --only regrowth    # the same network sparse from the first step, and not
    python scripts/reproduce_pruning.py --only half_vgg16 --seeds 1 training.epochs=2
    python scripts/reproduce_pruning.py --report           # tables from what is there

Every run is a `nas prune` or `nas train` of its own under results/runs/pruning/<experiment>/<arm>-<point>-<seed>,
resumed if it was interrupted, left alone if it is complete. The arms of a seed prune the same trained network. Tables
and figures go to results/pruning/. Filters at equal FLOPs beside MorphNet: scripts/reproduce_morphnet.py --only pruned.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from measured_together import measure_together
from resumable_runs import ROOT, Run, add_places, carry_out, ended, of_arms, replaced, shown

from nas_cli.reports.experiments.pruning import build_pruning

RUNS = ROOT / "results" / "runs" / "pruning"
CIFAR = ("--experiment", "pruning_cifar10")
CURVE = ("prune.schedule=linear", "prune.rounds=5", "prune.fine_tune=2", "loop.test_rounds=true")
"""A curve over five shares is one run: each round goes on from the one before."""

SMALLER = {"vgg16_cifar": ("dataset.train_size=1500", "training.epochs=8")}
"""An epoch of VGG16 costs eight times as much as one of ResNet-20."""

WIDTHS = (1.0, 0.7, 0.55)
HALVES = ("half_resnet20", "half_vgg16")
SPARSITIES = (0.9, 0.98)
"""Of the networks whose connections regrow."""


def dense(seed: int, root: Path, model: str = "resnet20", width: float = 1.0) -> Run:
    """The trained network that the arms of a seed prune."""
    narrower = () if width == 1 else (f"model.width={width:g}",)
    words = ("train", *CIFAR, *SMALLER.get(model, ()), "--model", model, *narrower, f"seed={seed}")
    return Run(root / "dense" / f"{model}-{width:g}-{seed}", words)


def weights(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """Single weights by every criterion, to 95 %."""
    yield dense(seed, root)
    for criterion in ("magnitude", "taylor", "obd", "random"):
        words = (
            *_pruned(seed, root),
            f"prune.criterion={criterion}",
            "prune.spread=global",
            *CURVE,
            "prune.sparsity=0.95",
        )
        yield Run(root / "weights" / f"{criterion}-0.95-{seed}", words)


def filters(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """Whole filters by every criterion, to a quarter of the FLOPs."""
    yield dense(seed, root)
    for criterion in ("magnitude", "taylor", "obd", "activation", "random"):
        words = (*_pruned(seed, root, "filters"), f"prune.criterion={criterion}", *CURVE, "prune.reduction=0.75")
        yield Run(root / "filters" / f"{criterion}-0.75-{seed}", (*words, "prune.last_fine_tune=null"))


def latency(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """Filters against single weights at equal time: zeros save none, so they are made in narrower networks.

    All are trained for as many epochs before they are pruned, and for as many after.
    """
    yield dense(seed, root)
    for reduction in (0.5, 0.7):
        words = (*_pruned(seed, root, "filters"), f"prune.reduction={reduction}")
        yield Run(root / "latency" / f"filters-{reduction}-{seed}", words)
    for width in WIDTHS:
        yield dense(seed, root, width=width)
        words = (*_pruned(seed, root, width=width), "prune.spread=global", "prune.sparsity=0.8", "prune.rounds=4")
        yield Run(root / "latency" / f"weights-{width:g}-{seed}", (*words, "prune.last_fine_tune=4"))


def half_resnet20(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """ResNet-20 at half its FLOPs, beside the random criterion at the same FLOPs and length."""
    return _half("resnet20", seed, root)


def half_vgg16(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """The same of VGG16."""
    return _half("vgg16_cifar", seed, root)


def _half(model: str, seed: int, root: Path) -> Iterator[Run]:
    yield dense(seed, root, model)
    words = (*_pruned(seed, root, "filters", model), "prune.reduction=0.5", "loop.random=true")
    yield Run(root / "half_flops" / f"{model}-0.5-{seed}", words)


def lottery(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """LeNet-300-100 on MNIST: winning tickets down to 3.5 % of the weights, the same masks on new weights, dense."""
    words = ("prune", "--experiment", "pruning_lottery", "--prune", "lottery_ticket", f"seed={seed}")
    yield Run(root / "lottery" / f"ticket-0.035-{seed}", (*words, "prune.rounds=15", "loop.test_rounds=true"))


def regrowth(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """LeNet-300-100 with 10 % and 2 % of its weights, all trained for ten epochs: connections that regrow where the
    gradient is largest (rigl) or anywhere (set), that are drawn once (fixed), or that are left when the smallest go
    from a network that was dense for four epochs (magnitude)."""
    for sparsity in SPARSITIES:
        common = ("prune", "--experiment", "pruning_lottery", f"seed={seed}", f"prune.sparsity={sparsity}")
        for arm, regrow in (("rigl", "rigl"), ("set", "set"), ("fixed", "none")):
            words = (*common, "--prune", "rigl", f"prune.regrow={regrow}", "prune.fine_tune=10")
            yield Run(root / "regrowth" / f"{arm}-{sparsity}-{seed}", words)
        words = (*common, "prune.train_first=4", "prune.rounds=3", "prune.fine_tune=2", "prune.spread=erk")
        baseline = f"loop.baseline={str(sparsity == SPARSITIES[0]).lower()}"
        yield Run(root / "regrowth" / f"magnitude-{sparsity}-{seed}", (*words, baseline))


EXPERIMENTS = {
    "weights": weights,
    "filters": filters,
    "latency": latency,
    "half_resnet20": half_resnet20,
    "half_vgg16": half_vgg16,
    "lottery": lottery,
    "regrowth": regrowth,
}


def _pruned(
    seed: int, root: Path, group: str = "default", model: str = "resnet20", width: float = 1.0
) -> tuple[str, ...]:
    network = str(dense(seed, root, model, width).path)
    words = ("prune", *CIFAR, *SMALLER.get(model, ()), "--model", network, "--prune", group)
    return (*words, "prune.learning_rate=0.0003", f"seed={seed}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = parse(arguments)
    complete = True
    for name, seed in _wanted(given):
        complete &= carry_out(_of(name, seed, given))
        if name == "latency":
            measure_together(given.runs / name, seed)
        elif name in HALVES:
            measure_together(given.runs / "half_flops", seed, (given.runs / "dense").glob(f"*-1-{seed}"))
    for path in build_pruning(given.runs, given.out, f"python scripts/{Path(__file__).name}"):
        print(shown(path))
    return int(not complete)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--arms", type=lambda text: text.split(","), default=[], help="default: all")
    add_places(parser, RUNS, ROOT / "results" / "pruning")
    return parser.parse_args(arguments)


def every_run(given: argparse.Namespace) -> Iterator[Run]:
    """The runs that the options ask for."""
    for name, seed in _wanted(given):
        yield from _of(name, seed, given)


def _wanted(given: argparse.Namespace) -> Iterator[tuple[str, int]]:
    names = [] if given.report else list(EXPERIMENTS) if given.only is None else [given.only]
    return product(names, range(given.seeds))


def _of(name: str, seed: int, given: argparse.Namespace) -> list[Run]:
    return [_with(run, given.overrides) for run in of_arms(EXPERIMENTS[name](seed, given.runs), given.arms)]


def _with(run: Run, further: Sequence[str]) -> Run:
    """The run with the overrides that its command knows."""
    mine = [text for text in further if run.command[0] == "prune" or not text.startswith(("prune.", "loop."))]
    return Run(run.path, replaced(run.command, mine))


if __name__ == "__main__":
    sys.exit(ended(main))
