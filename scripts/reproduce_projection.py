"""Fits the cost model to published rows, tests it on others, projects Polishchuk et al.'s study: results/scaling/.

    python scripts/reproduce_projection.py      # some seconds

The same as `nas bench --mode project` with its default models, on two clusters, and the check of the model itself.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from resumable_runs import ROOT, ended, shown

from nas_cli.bench.projection.cluster import load_cluster
from nas_cli.bench.projection.project import MODES, project, project_all
from nas_cli.bench.projection.validation import check, fit_all, fitted_clusters, published
from nas_cli.bench.projection.workload import profiled
from nas_cli.config import conf_dir
from nas_cli.reports.experiments.scaling import build_scaling

OUT = ROOT / "results" / "scaling"

MODELS = ("vgg16", "vgg19", "resnet50", "resnet152", "inception_v4")
STUDIED = ("p2_16xlarge", "p3_25g")
WORKERS = (1, 2, 4, 6, 8, 10, 16, 20, 32, 64, 128, 256, 512, 1024)
BATCH = 32
"""Table 2 of Polishchuk et al. (2019): 2 to 20 processes, batch 32."""

VALIDATED = ("pascal_25g", "pascal_40g", "p2_xlarge", "p2_8xlarge")
KNEE = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    begun = time.perf_counter()
    clusters = {name: load_cluster(name, conf_dir() / "cluster") for name in (*VALIDATED, *STUDIED)}
    rows = published()
    fits = fit_all(clusters, rows, profiled)
    fitted = fitted_clusters(clusters, fits)
    checks = check(fitted, rows, profiled)
    networks = [profiled(name) for name in MODELS]
    studied = [clusters[name] for name in STUDIED]
    projections = [made.row() for made in project_all(studied, networks, MODES, WORKERS, BATCH)]
    hosts, inception = fitted["p2_xlarge"], profiled("inception_v3")
    knee = [(w, project(hosts, inception, "ps-sync", w, 64, w).images_per_second) for w in KNEE]
    command = f"python scripts/{Path(__file__).name}"
    seconds = time.perf_counter() - begun
    for path in build_scaling(projections, checks, fits, knee, networks, given.out, command, seconds):
        print(shown(path.resolve()))
    return 0


if __name__ == "__main__":
    sys.exit(ended(main, resumes=False))
