"""Runs, or goes on with, the pruning experiments, and writes their tables: criteria, structures, latency, lottery.

    python scripts/reproduce_pruning.py                    # all experiments, reduced, three seeds
    python scripts/reproduce_pruning.py --only lottery     # LeNet-300-100 on MNIST: ticket, new weights, dense
    python scripts/reproduce_pruning.py --only half_flops --seeds 1 training.epochs=2
    python scripts/reproduce_pruning.py --report           # tables from what is there

Every run is a `nas prune` or `nas train` of its own under results/runs/pruning/<experiment>/<arm>-<point>-<seed>,
resumed if it was interrupted, left alone if it is complete. The arms of a seed prune the same trained network. Tables
and figures go to results/pruning/.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from nas_cli.errors import NasError
from nas_cli.reports.experiments.pruning import build_pruning
from nas_cli.runs.folder import CONFIG, open_run

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "results" / "runs" / "pruning"
CIFAR = ("--experiment", "pruning_cifar10")
CURVE = ("prune.schedule=linear", "prune.rounds=5", "prune.fine_tune=2", "loop.test_rounds=true")
"""A curve over five shares is one run: each round goes on from the one before."""

SMALLER = {"vgg16_cifar": ("dataset.train_size=2500", "training.epochs=10")}
"""An epoch of VGG16 costs eight times as much as one of ResNet-20."""

HALF = ("prune.target=flops", "prune.sparsity=null", "prune.reduction=0.5")


@dataclass(frozen=True)
class Run:
    """One run: its folder's name and the words after `nas`."""

    experiment: str
    name: str
    words: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The run folder."""
        return RUNS / self.experiment / self.name


def dense(seed: int, model: str = "resnet20") -> Run:
    """The trained network that the arms of a seed prune."""
    words = ("train", *CIFAR, *SMALLER.get(model, ()), "--model", model, f"seed={seed}")
    return Run("dense", f"{model}-1-{seed}", words)


def weights(seed: int) -> Iterator[Run]:
    """Single weights by every criterion, to 95 %."""
    yield dense(seed)
    for criterion in ("magnitude", "taylor", "obd", "random"):
        words = (*_pruned(seed), f"prune.criterion={criterion}", "prune.spread=global", *CURVE, "prune.sparsity=0.95")
        yield Run("weights", f"{criterion}-0.95-{seed}", words)


def filters(seed: int) -> Iterator[Run]:
    """Whole filters by every criterion, to a quarter of the FLOPs."""
    yield dense(seed)
    for criterion in ("magnitude", "taylor", "obd", "activation", "random"):
        words = (*_pruned(seed, "filters"), f"prune.criterion={criterion}", *CURVE, "prune.reduction=0.75")
        yield Run("filters", f"{criterion}-0.75-{seed}", (*words, "prune.last_fine_tune=null"))


def latency(seed: int) -> Iterator[Run]:
    """Filters against single weights where time is measured: filters go, weights stay as zeros."""
    yield dense(seed)
    for reduction in (0.3, 0.5, 0.7):
        words = (*_pruned(seed, "filters"), f"prune.reduction={reduction}")
        yield Run("latency", f"filters-{reduction}-{seed}", words)
    for sparsity in (0.5, 0.8, 0.95):
        words = (*_pruned(seed), "prune.spread=global", f"prune.sparsity={sparsity}", "prune.rounds=4")
        yield Run("latency", f"weights-{sparsity}-{seed}", (*words, "prune.last_fine_tune=4"))


def half_flops(seed: int) -> Iterator[Run]:
    """ResNet-20 and VGG16 at half their FLOPs, beside the random criterion at the same FLOPs and length."""
    for model in ("resnet20", "vgg16_cifar"):
        yield dense(seed, model)
        words = (*_pruned(seed, "filters", model), *HALF, "loop.random=true")
        yield Run("half_flops", f"{model}-0.5-{seed}", words)


def lottery(seed: int) -> Iterator[Run]:
    """LeNet-300-100 on MNIST: winning tickets down to 3.5 % of the weights, the same masks on new weights, dense."""
    words = ("prune", "--experiment", "pruning_lottery", "--prune", "lottery_ticket", f"seed={seed}")
    yield Run("lottery", f"ticket-0.035-{seed}", (*words, "prune.rounds=15", "loop.test_rounds=true"))


EXPERIMENTS = {
    "weights": weights,
    "filters": filters,
    "latency": latency,
    "half_flops": half_flops,
    "lottery": lottery,
}


def _pruned(seed: int, group: str = "default", model: str = "resnet20") -> tuple[str, ...]:
    network = str(dense(seed, model).path)
    return ("prune", *CIFAR, *SMALLER.get(model, ()), "--model", network, "--prune", group, f"seed={seed}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parse(arguments)
    failed = False
    names = [] if given.report else list(EXPERIMENTS) if given.only is None else [given.only]
    try:
        for name, seed in product(names, range(given.seeds)):
            for run in EXPERIMENTS[name](seed):
                failed |= not _carry_out(run, given.overrides)
        for path in build_pruning(RUNS, ROOT / "results" / "pruning", f"python scripts/{Path(__file__).name}"):
            print(path.relative_to(ROOT))
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return int(failed)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--report", action="store_true", help="run nothing, write the tables")
    parser.add_argument("overrides", nargs="*", help="further KEY=VALUE for every run, instead of its own")
    return parser.parse_args(arguments)


def _carry_out(run: Run, further: Sequence[str]) -> bool:
    """True once the run is complete."""
    nas = [sys.executable, "-m", "nas_cli"]
    if (run.path / CONFIG).exists():
        if any(event["event"] == "end" for event in open_run(run.path).events()):
            return True
        command = [*nas, run.words[0], "--resume", str(run.path)]
    else:
        mine = [text for text in further if run.words[0] == "prune" or not text.startswith(("prune.", "loop."))]
        keys = {text.partition("=")[0] for text in mine}
        words = [word for word in run.words if word.partition("=")[0] not in keys]
        command = [*nas, *words, *mine, "--out", str(run.path)]
    print(f"{run.experiment}/{run.name}: {' '.join(command[3:])}", file=sys.stderr, flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
