"""Runs, or goes on with, the experiments on distillation and on wrong labels, and writes their tables.

    python scripts/reproduce_distillation.py                                # all parts, three seeds
    python scripts/reproduce_distillation.py --parts mnist --seeds 1
    python scripts/reproduce_distillation.py --parts cifar10 --student results/runs/PRUNED
    python scripts/reproduce_distillation.py --report                      # tables from what is there

mnist: Hinton's teacher, and his students at several temperatures. cifar10: a student alone, with one teacher, and with
an ensemble, on a part of CIFAR-10. label_noise: losses on fashion_mini with wrong labels. Every run is a `nas train` or
`nas distill` of its own under results/runs/distillation/<part>/<arm>-<seed>, resumed if it was interrupted, left alone
if it is complete. Tables and figures go to results/distillation/.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resumable_runs import ROOT, Run, carry_out

from nas_cli.errors import NasError
from nas_cli.reports.experiments.distillation import CIFAR10, MNIST, NOISE, build_distillation

PARTS = (MNIST, CIFAR10, NOISE)
TEMPERATURES = {"student": (1, 2, 4, 8, 20), "small": (1, 2.5, 4, 8, 20)}
NETWORKS = {"student": "hinton_student", "small": "hinton_small_student"}
LOSSES = (
    "cross_entropy", "label_smoothing", "symmetric_cross_entropy", "generalised_cross_entropy", "bootstrap_soft",
    "bootstrap_hard",
)  # fmt: skip
SHARES = (0, 20, 40)
TEACHERS = 3
REDUCED_CIFAR = ("--dataset", "cifar10", "dataset.train_size=10000", "dataset.valid_size=2000", "training.epochs=20")
REDUCED_NOISE = ("--dataset", "fashion_mini", "--model", "paper3_cnn", "training.epochs=20")


@dataclass(frozen=True)
class Training:
    """One network to train, a teacher or a student: its folder below the root of all, the words behind `nas`, and the
    runs that must be there before."""

    place: str
    words: tuple[str, ...]
    after: tuple[str, ...] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parse(arguments)
    runs, out = ROOT / "results" / "runs" / "distillation", ROOT / "results" / "distillation"
    failed = False
    try:
        for run in () if given.report else planned(given.parts, given.seeds, given.student, runs):
            failed |= not _carry_out(runs, run, given.overrides)
        for path in build_distillation(runs, out, f"python scripts/{Path(__file__).name}"):
            print(path.relative_to(ROOT))
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return int(failed)


def planned(parts: Sequence[str], seeds: int, student: str, root: Path) -> Iterator[Training]:
    """All runs in order: of a seed the teacher comes before its students."""
    for seed in range(seeds):
        if MNIST in parts:
            yield from _mnist(seed, root)
        if CIFAR10 in parts:
            yield from _cifar10(seed, student, root)
        if NOISE in parts:
            yield from _noise(seed)


def _mnist(seed: int, root: Path) -> Iterator[Training]:
    teacher = f"{MNIST}/teacher-{seed}"
    yield Training(teacher, ("train", "--experiment", "distill_mnist_teacher", f"seed={seed}"))
    base = ("distill", "--experiment", "distill_mnist", "--teacher", str(root / teacher), f"seed={seed}")
    for arm, network in NETWORKS.items():
        chosen = (*base, "--student", network)
        # A distillation without soft targets is plain training with the same settings, bit for bit.
        yield Training(f"{MNIST}/{arm}_plain-{seed}", (*chosen, "distill.lambda_soft=0"), (teacher,))
        for temperature in TEMPERATURES[arm]:
            words = (*chosen, f"distill.temperature={temperature}")
            yield Training(f"{MNIST}/{arm}_T{temperature}-{seed}", words, (teacher,))


def _cifar10(seed: int, student: str, root: Path) -> Iterator[Training]:
    """The teachers are of seeds that no student has, and the same for all students."""
    teachers = tuple(f"{CIFAR10}/teacher-{100 + number}" for number in range(TEACHERS))
    for number, place in enumerate(teachers):
        words = ("train", "--model", "resnet20", *REDUCED_CIFAR, "--augmentation", "standard")
        yield Training(place, (*words, f"seed={100 + number}"))
    paths = [str(root / place) for place in teachers]
    base = ("--student", student, *REDUCED_CIFAR, f"seed={seed}")
    alone = ("distill", "--teacher", paths[0], *base, "distill.lambda_soft=0")
    yield Training(f"{CIFAR10}/plain-{seed}", alone, teachers[:1])
    yield Training(f"{CIFAR10}/single-{seed}", ("distill", "--teacher", paths[0], *base), teachers[:1])
    yield Training(f"{CIFAR10}/ensemble-{seed}", ("distill", "--teacher", ",".join(paths), *base), teachers)


def _noise(seed: int) -> Iterator[Training]:
    for share in SHARES:
        for loss in LOSSES:
            words = ("train", *REDUCED_NOISE, "--loss", loss, f"dataset.label_noise={share / 100}", f"seed={seed}")
            yield Training(f"{NOISE}/{loss}_{share}-{seed}", words)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=_parts, default=list(PARTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--student", default="paper3_cnn", help="cifar10's: zoo name, or the run of a search or pruning"
    )
    parser.add_argument("--report", action="store_true", help="run nothing, write the tables")
    parser.add_argument("overrides", nargs="*", help="further KEY=VALUE for every run")
    return parser.parse_args(arguments)


def _parts(text: str) -> list[str]:
    unknown = [name for name in text.split(",") if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(PARTS)}")
    return text.split(",")


def _carry_out(runs: Path, one: Training, further: Sequence[str]) -> bool:
    """True once the run is complete."""
    missing = [place for place in one.after if not Run(runs / place, ()).complete]
    if missing:
        print(f"{one.place}: left out, {missing[0]} is not complete", file=sys.stderr, flush=True)
        return False
    return carry_out([Run(runs / one.place, [*one.words, *further])])


if __name__ == "__main__":
    sys.exit(main())
