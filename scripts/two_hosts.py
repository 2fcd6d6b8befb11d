"""Ring and parameter servers between two hosts that this machine plays, and how well their projection holds.

    python scripts/two_hosts.py      # as root, on Linux; about 15 idle minutes on 2 cores

The hosts are network namespaces joined by a pair of virtual Ethernet devices; a token bucket limits each direction.
`nas` runs on the first one and starts processes on the second one as on any other host, by ssh, for which a script
stands in here. Measured at two limits; the projection is calibrated at each, and says what the other one gives.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resumable_runs import ROOT, shown
from two_namespaces import ADDRESSES, two_namespaces

from nas_cli.bench.measuring.job import carry_out
from nas_cli.bench.measuring.measurement import ASYNC, CLASSES, INDEPENDENT, RING, SERVED, SYNC, Measurement
from nas_cli.bench.measuring.row import row_of
from nas_cli.bench.projection.workload import Workload, names, of_cost, profiled
from nas_cli.bench.rows import COLUMNS, csv_text
from nas_cli.commands.machine import cores
from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.distributed.preflight import preflight
from nas_cli.errors import DataError, NasError
from nas_cli.models.reference import find_architecture
from nas_cli.reports.experiments.two_hosts import NO_LINK, ROWS, build_two_hosts, read_rows

OUT = ROOT / "results" / "scaling"
PROFILE = ROOT / "scripts" / "two_hosts.yaml"
LIMITS = (1000, 200)
IMAGE_SIZE = 32

Row = dict[str, Any]


@dataclass(frozen=True)
class Training:
    """A network, images per worker and step, steps that are timed, and those for warming up.

    `asynchronous`: steps per worker where whoever is free takes the next one: so many that the far one takes some too.
    `turns`: how often it is measured at each limit: what lasts a second or two, other work disturbs most.
    """

    model: str
    batch: int
    iterations: int
    warmup: int
    asynchronous: int
    turns: int


TRAININGS = (Training("lenet_300_100", 8, 20, 5, 300, 3), Training("resnet50", 2, 6, 2, 100, 1))
"""4 and 102 MB of gradients."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the tables")
    parser.add_argument("--limits", type=int, nargs=2, default=LIMITS, metavar="MBIT_S")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the tables")
    parser.add_argument("--inside", type=Path, metavar="CSV", help=argparse.SUPPRESS)
    parser.add_argument("--turn", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    try:
        if given.inside:
            measure(given.inside, given.limits[0], given.turn)
            return 0
        begun = time.perf_counter()
        file = given.out.resolve() / ROWS
        if not given.report:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(csv_text(measured_at(given.limits), COLUMNS), encoding="utf-8")
        rows, command = read_rows(file), f"python scripts/{Path(__file__).name}"
        seconds = None if given.report else time.perf_counter() - begun
        for path in build_two_hosts(rows, PROFILE, find, file.parent, command, seconds):
            print(shown(path))
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def find(name: str) -> Workload:
    """What a network computes and sends: its profile's tensors, which are the same for images of any size.

    Raises:
        DataError: only TensorFlow could count it.
    """
    if name in names():
        return profiled(name)
    architecture = find_architecture(name, (IMAGE_SIZE, IMAGE_SIZE, 3), CLASSES)
    if architecture is None:
        raise DataError(f"{name} cannot be counted without TensorFlow.")
    return of_cost(name, IMAGE_SIZE, architecture_cost(architecture))


def measured_at(limits: Sequence[int]) -> list[Row]:
    """The rows of both limits, turn by turn; the baselines, which know no link, are measured at the first one."""
    turns = range(max(training.turns for training in TRAININGS))
    with tempfile.TemporaryDirectory(prefix="nas-two-hosts-") as folder, two_namespaces() as hosts:
        file = Path(folder) / ROWS
        for turn, limit in itertools.product(turns, limits):
            hosts.limit(limit)
            words = ["--inside", str(file), "--turn", str(turn), "--limits", str(limit), str(limit)]
            code = hosts.run([sys.executable, __file__, *words])
            if code != 0:
                raise KeyboardInterrupt if code == 130 else NasError("measuring has failed: see above.")
        return read_rows(file)


def measure(file: Path, limit: int, turn: int) -> None:
    """Adds a row for each network of the turn and mode to the file, on the hosts of which this is the first.

    Raises:
        NasError: what has failed.
    """
    rows = read_rows(file) if file.exists() else []
    plan = preflight(2, ",".join(f"{address}:1" for address in ADDRESSES), cores())

    def add(job: Measurement, cluster: str, single: float | None = None, independent: float | None = None) -> float:
        """Images per second."""
        alone = replace(plan, processes=1, hosts=plan.hosts[:1])
        result = carry_out(job, file.parent, file.parent / "log", plan if job.processes > 1 else alone)
        rows.append(row_of(job, result, cores(), single=single, independent=independent, cluster=cluster))
        file.write_text(csv_text(rows, COLUMNS), encoding="utf-8")
        speed, spread = rows[-1]["images_per_second"], rows[-1]["uncertainty"]
        print(f"{cluster}, {job.mode}, {job.model}, {job.processes}: {speed:.1f} ± {spread:.1f} images/s", flush=True)
        return float(speed)

    for training in TRAININGS:
        if turn >= training.turns:
            continue
        known = [row for row in rows if row["model"] == training.model and row["mode"] == INDEPENDENT]
        rates = {int(row["processes"]): float(row["images_per_second"]) for row in known[2 * turn :]}
        if not rates:
            rates[1] = add(_job(training, INDEPENDENT, 1), NO_LINK)
            rates[2] = add(_job(training, INDEPENDENT, 2), NO_LINK, single=rates[1])
            add(_job(training, ASYNC, 1), NO_LINK, single=rates[1], independent=rates[1])
        for mode in (RING, SYNC, ASYNC):
            add(_job(training, mode, 2), f"{limit} Mbit/s", single=rates[1], independent=rates[2])


def _job(training: Training, mode: str, processes: int) -> Measurement:
    """One thread for each process, whatever the number of cores: two hosts with one core."""
    servers = int(mode in SERVED)
    return Measurement(
        mode=mode,
        model=training.model,
        processes=processes,
        threads=1,
        batch=training.batch,
        image_size=IMAGE_SIZE,
        iterations=training.asynchronous if mode == ASYNC else training.iterations,
        warmup=training.warmup,
        servers=servers,
        crowd=1 + servers,
    )


if __name__ == "__main__":
    sys.exit(main())
