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
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nas_cli.errors import NasError
from nas_cli.reports.experiments.distillation import CIFAR10, MNIST, NOISE, build_distillation
from nas_cli.runs.folder import CONFIG, open_run

ROOT = Path(__file__).resolve().parents[1]
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
class Run:
    """One run: its folder below the root of all, the words behind `nas`, and the runs that must be there before."""

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


def planned(parts: Sequence[str], seeds: int, student: str, root: Path) -> Iterator[Run]:
    """All runs in order: of a seed the teacher comes before its students."""
    for seed in range(seeds):
        if MNIST in parts:
            yield from _mnist(seed, root)
        if CIFAR10 in parts:
            yield from _cifar10(seed, student, root)
        if NOISE in parts:
            yield from _noise(seed)


def _mnist(seed: int, root: Path) -> Iterator[Run]:
    teacher = f"{MNIST}/teacher-{seed}"
    yield Run(teacher, ("train", "--experiment", "distill_mnist_teacher", f"seed={seed}"))
    base = ("distill", "--experiment", "distill_mnist", "--teacher", str(root / teacher), f"seed={seed}")
    for arm, network in NETWORKS.items():
        chosen = (*base, "--student", network)
        # A distillation without soft targets is plain training with the same settings, bit for bit.
        yield Run(f"{MNIST}/{arm}_plain-{seed}", (*chosen, "distill.lambda_soft=0"), (teacher,))
        for temperature in TEMPERATURES[arm]:
            words = (*chosen, f"distill.temperature={temperature}")
            yield Run(f"{MNIST}/{arm}_T{temperature}-{seed}", words, (teacher,))


def _cifar10(seed: int, student: str, root: Path) -> Iterator[Run]:
    """The teachers are of seeds that no student has, and the same for all students."""
    teachers = tuple(f"{CIFAR10}/teacher-{100 + number}" for number in range(TEACHERS))
    for number, place in enumerate(teachers):
        words = ("train", "--model", "resnet20", *REDUCED_CIFAR, "--augmentation", "standard")
        yield Run(place, (*words, f"seed={100 + number}"))
    paths = [str(root / place) for place in teachers]
    base = ("--student", student, *REDUCED_CIFAR, f"seed={seed}")
    alone = ("distill", "--teacher", paths[0], *base, "distill.lambda_soft=0")
    yield Run(f"{CIFAR10}/plain-{seed}", alone, teachers[:1])
    yield Run(f"{CIFAR10}/single-{seed}", ("distill", "--teacher", paths[0], *base), teachers[:1])
    yield Run(f"{CIFAR10}/ensemble-{seed}", ("distill", "--teacher", ",".join(paths), *base), teachers)


def _noise(seed: int) -> Iterator[Run]:
    for share in SHARES:
        for loss in LOSSES:
            words = ("train", *REDUCED_NOISE, "--loss", loss, f"dataset.label_noise={share / 100}", f"seed={seed}")
            yield Run(f"{NOISE}/{loss}_{share}-{seed}", words)


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


def _carry_out(runs: Path, run: Run, further: Sequence[str]) -> bool:
    """True once the run is complete."""
    path = runs / run.place
    nas = [sys.executable, "-m", "nas_cli"]
    if _complete(path):
        return True
    missing = [place for place in run.after if not _complete(runs / place)]
    if missing:
        print(f"{run.place}: left out, {missing[0]} is not complete", file=sys.stderr, flush=True)
        return False
    command = [*nas, run.words[0], "--resume", str(path)]
    if not (path / CONFIG).exists():
        command = [*nas, *run.words, "--out", str(path), *further]
    print(f"{run.place}: {' '.join(command[3:])}", file=sys.stderr, flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def _complete(path: Path) -> bool:
    return (path / CONFIG).exists() and any(event["event"] == "end" for event in open_run(path).events())


if __name__ == "__main__":
    sys.exit(main())
