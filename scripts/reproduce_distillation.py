"""Runs, or goes on with, the experiments on distillation and on wrong labels, and writes their tables.

    python scripts/reproduce_distillation.py                                # all parts, three seeds
    python scripts/reproduce_distillation.py --parts mnist --seeds 1 --temperatures 20
    python scripts/reproduce_distillation.py --parts cifar10 --student results/runs/PRUNED
    python scripts/reproduce_distillation.py --report                      # tables from what is there

mnist: Hinton's teacher, one for all seeds, and his students at several temperatures. cifar10: a student alone, with one
teacher, and with an ensemble, on a part of CIFAR-10. self: a network pruned to half of its FLOPs there, fine-tuned with
and without itself as the teacher. label_noise: losses on fashion_mini with wrong labels. Every run is a `nas train`,
`nas distill` or `nas prune` of its own under results/runs/distillation/<part>/<arm>-<seed>, resumed if it was
interrupted, left alone if it is complete. Tables and figures go to results/distillation/.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resumable_runs import ROOT, Run, add_places, carry_out, ended, names, replaced, shown

from nas_cli.reports.experiments.distillation import CIFAR10, MNIST, NOISE, SELF, TEACHER, build_distillation

PARTS = (MNIST, CIFAR10, SELF, NOISE)
TEMPERATURES = {"student": (20, 1, 4), "small": (4, 1, 2.5, 8, 20)}
"""The one that is compared with no teacher comes first."""
NETWORKS = {"student": "hinton_student", "small": "hinton_small_student"}
LOSSES = (
    "cross_entropy", "label_smoothing", "symmetric_cross_entropy", "generalised_cross_entropy", "bootstrap_soft",
    "bootstrap_hard",
)  # fmt: skip
SHARES = (0, 40)
TEACHERS = 3
OTHERS = 100
"""Seeds of teachers begin here, so that none is a student's."""
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
    given = parse(arguments)
    failed = False
    for one in _wanted(given):
        failed |= not _carry_out(given.runs, one, given.overrides)
    for path in build_distillation(given.runs, given.out, f"python scripts/{Path(__file__).name}"):
        print(shown(path))
    return int(failed)


def planned(given: argparse.Namespace, root: Path) -> Iterator[Training]:
    """All runs in order: of a seed the teacher comes before its students, and what is compared before the rest."""
    for seed in range(given.seeds):
        if MNIST in given.parts:
            yield from _mnist(seed, root, given.temperatures)
        if CIFAR10 in given.parts:
            yield from _cifar10(seed, given.student, root)
        if SELF in given.parts:
            yield from _self(seed, root)
        if NOISE in given.parts:
            yield from _noise(seed)


def _mnist(seed: int, root: Path, temperatures: Sequence[str]) -> Iterator[Training]:
    """One teacher for the students of all seeds, as in the paper."""
    teacher = f"{MNIST}/{TEACHER}-{OTHERS}"
    yield Training(teacher, ("train", "--experiment", "distill_mnist_teacher", f"seed={OTHERS}"))
    base = ("distill", "--experiment", "distill_mnist", "--teacher", str(root / teacher), f"seed={seed}")
    taught: dict[str, list[Training]] = {}
    for arm, network in NETWORKS.items():
        chosen = (*base, "--student", network)
        taught[arm] = [
            Training(f"{MNIST}/{arm}_T{value}-{seed}", (*chosen, f"distill.temperature={value}"), (teacher,))
            for value in map(str, TEMPERATURES[arm])
            if value in temperatures
        ]
        # A distillation without soft targets is plain training with the same settings, bit for bit.
        yield Training(f"{MNIST}/{arm}_plain-{seed}", (*chosen, "distill.lambda_soft=0"), (teacher,))
        yield from taught[arm][:1]
    for arm in NETWORKS:
        yield from taught[arm][1:]


def _cifar10(seed: int, student: str, root: Path) -> Iterator[Training]:
    """The teachers are of seeds that no student has, and the same for all students."""
    teachers = tuple(f"{CIFAR10}/{TEACHER}-{OTHERS + number}" for number in range(TEACHERS))
    for number, place in enumerate(teachers):
        words = ("train", "--model", "resnet20", *REDUCED_CIFAR, "--augmentation", "standard")
        yield Training(place, (*words, f"seed={OTHERS + number}"))
    paths = [str(root / place) for place in teachers]
    base = ("--student", student, *REDUCED_CIFAR, f"seed={seed}")
    alone = ("distill", "--teacher", paths[0], *base, "distill.lambda_soft=0")
    yield Training(f"{CIFAR10}/plain-{seed}", alone, teachers[:1])
    yield Training(f"{CIFAR10}/single-{seed}", ("distill", "--teacher", paths[0], *base), teachers[:1])
    yield Training(f"{CIFAR10}/ensemble-{seed}", ("distill", "--teacher", ",".join(paths), *base), teachers)


def _self(seed: int, root: Path) -> Iterator[Training]:
    """Both arms prune the same network in the same way; only what their fine-tuning learns from differs."""
    whole = f"{SELF}/{TEACHER}-{seed}"
    yield Training(whole, ("train", "--experiment", "pruning_cifar10", f"seed={seed}"))
    pruned = ("prune", "--experiment", "pruning_cifar10", "--prune", "filters", "--model", str(root / whole))
    yield Training(f"{SELF}/plain-{seed}", (*pruned, f"seed={seed}"), (whole,))
    yield Training(f"{SELF}/taught-{seed}", (*pruned, "training.teacher=self", f"seed={seed}"), (whole,))


def _noise(seed: int) -> Iterator[Training]:
    for share in SHARES:
        for loss in LOSSES:
            words = ("train", *REDUCED_NOISE, "--loss", loss, f"dataset.label_noise={share / 100}", f"seed={seed}")
            yield Training(f"{NOISE}/{loss}_{share}-{seed}", words)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=lambda text: names(text, PARTS), default=list(PARTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--student", default="paper3_cnn", help="cifar10's: zoo name, or the run of a search or pruning"
    )
    known = [str(value) for values in TEMPERATURES.values() for value in values]
    parser.add_argument(
        "--temperatures", type=lambda text: names(text, known), default=known, help="mnist's; default: all"
    )
    parser.add_argument("--arms", type=lambda text: text.split(","), default=[], help="of the parts; default: all")
    add_places(parser, ROOT / "results" / "runs" / "distillation", ROOT / "results" / "distillation")
    return parser.parse_args(arguments)


def every_run(given: argparse.Namespace) -> Iterator[Run]:
    """The runs that the options ask for."""
    for one in _wanted(given):
        yield Run(given.runs / one.place, replaced(one.words, given.overrides))


def _wanted(given: argparse.Namespace) -> Iterator[Training]:
    for one in () if given.report else planned(given, given.runs):
        if not given.arms or one.place.rpartition("/")[2].rpartition("-")[0] in (*given.arms, TEACHER):
            yield one


def _carry_out(runs: Path, one: Training, further: Sequence[str]) -> bool:
    """True once the run is complete."""
    missing = [place for place in one.after if not Run(runs / place, ()).complete]
    if missing:
        print(f"{one.place}: left out, {missing[0]} is not complete", file=sys.stderr, flush=True)
        return False
    return carry_out([Run(runs / one.place, replaced(one.words, further))])


if __name__ == "__main__":
    sys.exit(ended(main))
