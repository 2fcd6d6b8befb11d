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
from dataclasses import replace
from itertools import product
from pathlib import Path

from resumable_runs import ROOT, Run, carry_out

from nas_cli.errors import NasError
from nas_cli.reports.experiments.morphnet import CRITERIA, build_morphnet

RUNS = ROOT / "results" / "runs" / "morphnet"
PROCESSES = 2
SCRATCH = ("loop.retrain=scratch",)
"""Every family then trains its networks from fresh weights for the same number of epochs."""

ROUNDS = (
    "prune.reduction=0.5", "prune.rounds=4", "prune.fine_tune=1", "prune.last_fine_tune=2",
    "prune.round_to=1", "prune.min_channels=1",
)  # fmt: skip
"""To half of the FLOPs, and to any widths, as MorphNet."""


def _run(experiment: str, name: str, words: Sequence[str]) -> Run:
    return Run(RUNS / experiment / name, words)


def equal_flops(seed: int) -> Iterator[Run]:
    """ResNet-20 whole, and at about half its FLOPs by width multiplier, by MorphNet, and by a lasso blind to costs."""
    common = ("--experiment", "morphnet_resnet20", f"seed={seed}")
    yield whole(seed)
    yield _run("equal_flops", f"width-0.7-{seed}", ("train", *common, "model.width=0.7"))
    half = ("morph", *common, *SCRATCH, "morph.reduction=0.5")
    yield _run("equal_flops", f"morphnet-0.5-{seed}", half)
    yield _run("equal_flops", f"lasso-0.5-{seed}", (*half, "morph.weighting=uniform"))


def whole(seed: int) -> Run:
    """ResNet-20 as it is."""
    return _run("equal_flops", f"width-1-{seed}", ("train", "--experiment", "morphnet_resnet20", f"seed={seed}"))


def pruned(seed: int) -> Iterator[Run]:
    """Further rows of `equal_flops`: the whole network's filters pruned by each criterion, then fresh weights.

    Data, epochs and FLOPs are those of the other rows. The pruned networks with the weights that survived have had the
    whole network's epochs and those of fine-tuning besides: a table of their own, fine_tuned.
    """
    common = ("--experiment", "morphnet_resnet20", f"seed={seed}")
    yield whole(seed)
    for criterion in CRITERIA:
        words = ("prune", *common, "--model", str(whole(seed).path), "--prune", "filters", *ROUNDS)
        cut = _run("fine_tuned", f"{criterion}-0.5-{seed}", (*words, f"prune.criterion={criterion}"))
        yield cut
        yield _run("equal_flops", f"{criterion}-0.5-{seed}", ("train", *common, "--model", str(cut.path)))


def inception_v2(seed: int) -> Iterator[Run]:
    """Inception v2: widths, MorphNet on one process, MorphNet on two with Horovod, at several sizes."""
    common = ("--experiment", "morphnet_inception_v2", f"seed={seed}")
    for width in (1.0, 0.85, 0.7):
        yield _run("inception_v2", f"width-{width:g}-{seed}", ("train", *common, f"model.width={0.25 * width:g}"))
    for reduction in (0.3, 0.5):
        words = ("morph", *common, *SCRATCH, f"morph.reduction={reduction}")
        yield _run("inception_v2", f"morphnet-{reduction}-{seed}", words)
        parallel = ("-np", str(PROCESSES), "training.batch_size=32")
        yield _run("inception_v2", f"horovod-{reduction}-{seed}", (*words, *parallel))


EXPERIMENTS = {"equal_flops": equal_flops, "pruned": pruned, "inception_v2": inception_v2}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parse(arguments)
    failed = False
    names = [] if given.report else list(EXPERIMENTS) if given.only is None else [given.only]
    try:
        for name, seed in product(names, range(given.seeds)):
            for run in EXPERIMENTS[name](seed):
                failed |= not carry_out([replace(run, command=[*run.command, *given.overrides])])
        for path in build_morphnet(RUNS, ROOT / "results" / "morphnet", f"python scripts/{Path(__file__).name}"):
            print(path.relative_to(ROOT))
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return int(failed)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--report", action="store_true", help="run nothing, write the tables")
    parser.add_argument("overrides", nargs="*", help="further KEY=VALUE for every run")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
