"""Compares Polishchuk et al.'s optimizers at one shared learning rate and each at its own: results/optimizers/.

    python scripts/reproduce_optimizers.py                    # both protocols, reduced
    python scripts/reproduce_optimizers.py --only shared
    python scripts/reproduce_optimizers.py --scale paper      # 50,000 images, 150 epochs: for a GPU
    python scripts/reproduce_optimizers.py --only tuned bench.seeds=3
    python scripts/reproduce_optimizers.py --report           # tables from what is there

Each protocol is a `nas bench` of its own under results/runs/optimizers/<scale>/<protocol>, resumed if it was
interrupted, left alone if it is complete.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from resumable_runs import ROOT, Run, carry_out, replaced

from nas_cli.errors import NasError
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


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=("reduced", "paper"), default="reduced")
    parser.add_argument("--only", choices=PROTOCOLS)
    parser.add_argument("--report", action="store_true", help="run nothing, write the tables")
    parser.add_argument("overrides", nargs="*", help="further KEY=VALUE for every run")
    given = parser.parse_args(arguments)
    protocols = PROTOCOLS if given.only is None else (given.only,)
    try:
        complete = given.report or carry_out(runs(given.scale, protocols, RUNS, given.overrides))
        for path in build_optimizers(RUNS / given.scale, OUT, f"python scripts/{Path(__file__).name}"):
            print(path.relative_to(ROOT))
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
