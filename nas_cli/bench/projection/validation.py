"""The projection against published measurements: fitted on some rows, tested on others, the error of every row."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nas_cli.bench.projection.calibrate import Calibration, Find, calibrate, projected, with_value
from nas_cli.bench.projection.cluster import Cluster
from nas_cli.bench.rows import Measured

TABLE = Path(__file__).parent / "published.csv"
GIVEN, FIT, PREDICT = "given", "fit", "predict"


@dataclass(frozen=True)
class Published:
    """A published row; `role`: given (one worker's rate, part of the profile), fit, or predict (never fitted to)."""

    table: str
    source: str
    role: str
    measured: Measured


@dataclass(frozen=True)
class Experiment:
    """A fit and what it is tested on: `cluster` is fitted on the `fit` rows of `table`; the parameters in `carried` are
    put into the profile of each other cluster whose rows are predicted."""

    table: str
    cluster: str
    parameters: tuple[str, ...]
    carried: tuple[str, ...] = ()


EXPERIMENTS = (
    Experiment(
        "horovod",
        "pascal_25g",
        (
            "jitter",
            "transports.tcp_cpu.gb_s",
            "transports.tcp_cpu.latency_us",
            "transports.tcp_nccl.gb_s",
            "transports.grpc_gpu.gb_s",
            "transports.grpc_cpu.gb_s",
        ),
        (
            "jitter",
            "transports.tcp_cpu.gb_s",
            "transports.tcp_cpu.latency_us",
            "transports.tcp_nccl.gb_s",
            "transports.grpc_gpu.gb_s",
            "transports.grpc_cpu.gb_s",
        ),
    ),
    Experiment("k80_knee", "p2_xlarge", ("jitter", "transports.grpc.gb_s")),
    Experiment("k80_hosts", "p2_8xlarge", ("jitter",)),
)


@dataclass(frozen=True)
class Bar:
    """How far a projection may be from what was measured: `factor` 1.2 is within 20 % either way."""

    name: str
    factor: float


@dataclass(frozen=True)
class Checked:
    """A published row beside its projection."""

    row: Published
    projected: float
    bar: Bar | None

    @property
    def error(self) -> float:
        """(projected − measured) / measured."""
        return self.projected / self.row.measured.images_per_second - 1

    @property
    def met(self) -> bool | None:
        """Whether the error is within the bar; None without one. A percentage counts from the measured rate; the factor
        of the collapse either way."""
        if self.bar is None:
            return None
        if self.bar.factor == COLLAPSE.factor:
            return 1 / self.bar.factor <= self.error + 1 <= self.bar.factor
        return abs(self.error) <= self.bar.factor - 1


USUAL = Bar("20 %", 1.2)
VGG_RING = Bar("30 %", 1.3)
COLLAPSE = Bar("factor 1.5", 1.5)
KNEE = Bar("25 %", 1.25)


def published(file: Path = TABLE) -> list[Published]:
    """All published rows."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            Published(
                row["table"],
                row["source"],
                row["role"],
                Measured(
                    mode=row["mode"],
                    model=row["model"],
                    processes=int(row["processes"]),
                    servers=int(row["servers"]) if row["servers"] else None,
                    batch=int(row["batch"]),
                    images_per_second=float(row["images_per_second"]),
                    transport=row["transport"],
                    cluster=row["cluster"],
                ),
            )
            for row in csv.DictReader(lines)
        ]


def fit_all(clusters: Mapping[str, Cluster], rows: Sequence[Published], find: Find) -> dict[str, Calibration]:
    """The fit of each experiment, by its table."""
    fits = {}
    for experiment in EXPERIMENTS:
        used = [row.measured for row in rows if row.role == FIT and row.measured.cluster == experiment.cluster]
        fits[experiment.table] = calibrate(clusters[experiment.cluster], used, experiment.parameters, find)
    return fits


def fitted_clusters(clusters: Mapping[str, Cluster], fits: Mapping[str, Calibration]) -> dict[str, Cluster]:
    """The profiles with what was fitted; pascal_40g with what was fitted on pascal_25g, and nothing of its own."""
    made = dict(clusters)
    for experiment in EXPERIMENTS:
        made[experiment.cluster] = fits[experiment.table].cluster
    larger = clusters["pascal_40g"]
    for name in EXPERIMENTS[0].carried:
        larger = with_value(larger, name, fits["horovod"].fitted[name])
    made["pascal_40g"] = larger
    return made


def check(clusters: Mapping[str, Cluster], rows: Sequence[Published], find: Find) -> list[Checked]:
    """Every published row of several workers beside what the profiles project."""
    return [
        Checked(row, projected(clusters[row.measured.cluster], row.measured, find), bar_of(row))
        for row in rows
        if row.role != GIVEN
    ]


def bar_of(row: Published) -> Bar | None:
    """The bar that a predicted row is held to; None for a fitted one, and where none was set beforehand."""
    if row.role != PREDICT:
        return None
    if row.table == "k80_knee":
        return KNEE
    if row.table != "horovod":
        return None
    if row.measured.model != "vgg16":
        return USUAL
    return VGG_RING if row.measured.mode == "ring-allreduce" else COLLAPSE
