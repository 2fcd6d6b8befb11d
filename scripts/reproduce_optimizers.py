"""Compares Polishchuk et al.'s optimizers at one shared learning rate and each at its own: results/optimizers/.

    python scripts/reproduce_optimizers.py                    # both protocols, reduced
    python scripts/reproduce_optimizers.py --only shared
    python scripts/reproduce_optimizers.py --scale paper      # 50,000 images, 150 epochs: for a GPU
    python scripts/reproduce_optimizers.py --only tuned bench.seeds=3
    python scripts/reproduce_optimizers.py --report           # tables from what is there

Each protocol is a `nas bench` of its own under results/runs/optimizers/<scale>/<protocol>, resumed if it was
interrupted, left alone if it is complete. Tables of scale paper go to results/optimizers_paper/.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from resumable_runs import ROOT, Run, add_places, carry_out, ended, replaced, shown

from nas_cli.reports.experiments.optimizers import build_optimizers
from nas_cli.reports.optimizer_study import PROTOCOLS

RUNS = ROOT / "results" / "runs" / "optimizers"
OUT = ROOT / "results" / "optimizers"


def runs(scale: str, protocols: Sequence[str], root: Path, further: Sequence[str] = ()) -> list[Run]:
    """The run of each protocol, in the folder of its scale."""
    found = []
    for protocol in protocols:
        words = ["bench", "--experiment", f"bench_optimizers_{'paper' if scale == 'paper' else protocol}"]
        words += [f"bench.protocol={protocol}"]
        found.append(Run(root / scale / protocol, replaced(words, further)))
    return found


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=("reduced", "paper"), default="reduced")
    parser.add_argument("--only", choices=PROTOCOLS)
    add_places(parser, RUNS)
    return parser.parse_args(arguments)


def every_run(given: argparse.Namespace) -> list[Run]:
    """The runs that the options ask for."""
    protocols = PROTOCOLS if given.only is None else (given.only,)
    return [] if given.report else runs(given.scale, protocols, given.runs, given.overrides)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = parse(arguments)
    out = given.out or OUT.with_name("optimizers" if given.scale == "reduced" else f"optimizers_{given.scale}")
    complete = carry_out(every_run(given))
    for path in build_optimizers(given.runs / given.scale, out, f"python scripts/{Path(__file__).name}"):
        print(shown(path))
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(ended(main))
