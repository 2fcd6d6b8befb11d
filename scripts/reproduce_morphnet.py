"""Runs, or goes on with, the comparisons of MorphNet with other ways to a smaller network, and writes their tables.

    python scripts/reproduce_morphnet.py                      # all experiments, reduced, two seeds
    python scripts/reproduce_morphnet.py --only equal_flops   # ResNet-20: MorphNet, cost-blind lasso, width multiplier
    python scripts/reproduce_morphnet.py --only pruned        # the same table: filters pruned by each criterion
    python scripts/reproduce_morphnet.py --only inception_v2  # accuracy against FLOPs, one process and Horovod
    python scripts/reproduce_morphnet.py --report             # tables from what is there

Every run is a `nas morph` or `nas train` of its own under results/runs/morphnet/<experiment>/<family>-<point>-<seed>,
resumed if it was interrupted, left alone if it is complete. Tables and figures go to results/morphnet/.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from resumable_runs import ROOT, Run, add_places, carry_out, ended, names, of_arms, replaced, shown

from nas_cli.reports.experiments.morphnet import CRITERIA, LABELS, build_morphnet

RUNS = ROOT / "results" / "runs" / "morphnet"
PROCESSES = 2
SCRATCH = ("loop.retrain=scratch",)
"""Every family then trains its networks from fresh weights for the same number of epochs."""

ROUNDS = (
    "prune.reduction=0.5", "prune.rounds=4", "prune.fine_tune=1", "prune.last_fine_tune=2",
    "prune.round_to=1", "prune.min_channels=1",
)  # fmt: skip
"""To half of the FLOPs, and to any widths, as MorphNet."""


def equal_flops(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """ResNet-20 whole, and at about half its FLOPs by width multiplier, by MorphNet, and by a lasso blind to costs."""
    common = ("--experiment", "morphnet_resnet20", f"seed={seed}")
    yield whole(seed, root)
    yield Run(root / "equal_flops" / f"width-0.7-{seed}", ("train", *common, "model.width=0.7"))
    half = ("morph", *common, *SCRATCH, "morph.reduction=0.5")
    yield Run(root / "equal_flops" / f"morphnet-0.5-{seed}", half)
    yield Run(root / "equal_flops" / f"lasso-0.5-{seed}", (*half, "morph.weighting=uniform"))


def whole(seed: int, root: Path = RUNS) -> Run:
    """ResNet-20 as it is."""
    return Run(root / "equal_flops" / f"width-1-{seed}", ("train", "--experiment", "morphnet_resnet20", f"seed={seed}"))


def pruned(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """Further rows of `equal_flops`: the whole network's filters pruned by each criterion, then fresh weights.

    Data, epochs and FLOPs are those of the other rows. The pruned networks with the weights that survived have had the
    whole network's epochs and those of fine-tuning besides: a table of their own, fine_tuned.
    """
    common = ("--experiment", "morphnet_resnet20", f"seed={seed}")
    yield whole(seed, root)
    for criterion in CRITERIA:
        words = ("prune", *common, "--model", str(whole(seed, root).path), "--prune", "filters", *ROUNDS)
        cut = Run(root / "fine_tuned" / f"{criterion}-0.5-{seed}", (*words, f"prune.criterion={criterion}"))
        yield cut
        yield Run(root / "equal_flops" / f"{criterion}-0.5-{seed}", ("train", *common, "--model", str(cut.path)))


def inception_v2(seed: int, root: Path = RUNS) -> Iterator[Run]:
    """Inception v2: widths, MorphNet on one process, MorphNet on two with Horovod, at several sizes."""
    common = ("--experiment", "morphnet_inception_v2", f"seed={seed}")
    for width in (1.0, 0.85, 0.7):
        yield Run(
            root / "inception_v2" / f"width-{width:g}-{seed}", ("train", *common, f"model.width={0.25 * width:g}")
        )
    for reduction in (0.3, 0.5):
        words = ("morph", *common, *SCRATCH, f"morph.reduction={reduction}")
        yield Run(root / "inception_v2" / f"morphnet-{reduction}-{seed}", words)
        parallel = ("-np", str(PROCESSES), "training.batch_size=32")
        yield Run(root / "inception_v2" / f"horovod-{reduction}-{seed}", (*words, *parallel))


EXPERIMENTS = {"equal_flops": equal_flops, "pruned": pruned, "inception_v2": inception_v2}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = parse(arguments)
    failed = False
    for run in every_run(given):
        failed |= not carry_out([run])
    for path in build_morphnet(given.runs, given.out, f"python scripts/{Path(__file__).name}"):
        print(shown(path))
    return int(failed)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--arms", type=lambda text: names(text, LABELS), default=[], help="default: all")
    add_places(parser, RUNS, ROOT / "results" / "morphnet")
    return parser.parse_args(arguments)


def every_run(given: argparse.Namespace) -> Iterator[Run]:
    """The runs that the options ask for."""
    chosen = [] if given.report else list(EXPERIMENTS) if given.only is None else [given.only]
    for name, seed in product(chosen, range(given.seeds)):
        for run in of_arms(EXPERIMENTS[name](seed, given.runs), given.arms):
            yield Run(run.path, _with(run.command, given.overrides))


def _with(command: Sequence[str], further: Sequence[str]) -> list[str]:
    """The words of a command with the overrides that it knows, in place of its own."""
    own = {"morph": ("morph.", "loop."), "prune": ("prune.", "loop."), "train": ()}[command[0]]
    others = tuple({"morph.", "prune.", "loop."} - set(own))
    return replaced(command, [word for word in further if not word.startswith(others)])


if __name__ == "__main__":
    sys.exit(ended(main))
