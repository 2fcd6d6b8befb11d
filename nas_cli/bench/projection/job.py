"""What a projection is asked to do, checked as a whole before anything is computed."""

from dataclasses import dataclass
from functools import cached_property

from nas_cli.bench.projection.calibrate import Calibration, calibrate, parameters_for, with_single_rates
from nas_cli.bench.projection.cluster import Cluster
from nas_cli.bench.projection.project import MODES, check_mode, kind_of
from nas_cli.bench.projection.workload import Workload
from nas_cli.bench.rows import Measured
from nas_cli.errors import ConfigError


@dataclass(frozen=True)
class ProjectionJob:
    """Clusters, networks, modes and numbers of workers to project, and measured rows to calibrate with.

    `fit`: dotted names of parameters; None chooses them. `advise`: say what to use rather than project everything.
    """

    clusters: tuple[Cluster, ...]
    workloads: tuple[Workload, ...]
    modes: tuple[str, ...]
    processes: tuple[int, ...]
    batch: int
    servers: int | None = None
    measured: tuple[Measured, ...] = ()
    fit: tuple[str, ...] | None = None
    advise: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for mode in self.modes:
            check_mode(mode)
        for what, names in (("model", self.workloads), ("cluster", self.clusters), ("mode", self.modes)):
            if not names:
                raise ConfigError(f"no {what} is given: name at least one.")
        for row in self.measured:
            if row.mode not in MODES:
                raise ConfigError(f"bench.measured: unknown mode '{row.mode}'. Known: {', '.join(MODES)}.")
        if self.measured and len(self.unused) == len(self.measured):
            raise ConfigError(
                f"bench.measured: no row is of a model and a cluster that are projected; the rows are of "
                f"{', '.join(sorted({row.model for row in self.measured}))}: name them with --model."
            )
        if self.fit is not None and not self.measured:
            raise ConfigError("bench.fit names what is fitted to measured rows: give them, bench.measured=rows.csv.")

    @property
    def size(self) -> int:
        """Rows that the projection makes."""
        return len(self.clusters) * len(self.workloads) * len(self.modes) * len(self.processes)

    @property
    def unused(self) -> list[Measured]:
        """Measured rows of other networks or clusters, which say nothing here."""
        used = {id(row) for cluster in self.clusters for row in self.rows_of(cluster)}
        return [row for row in self.measured if id(row) not in used]

    def rows_of(self, cluster: Cluster) -> list[Measured]:
        """Measured rows of a cluster: those that name it, and those that name none, of networks that are projected."""
        known = {workload.name for workload in self.workloads}
        return [row for row in self.measured if row.cluster in ("", cluster.name) and row.model in known]

    @cached_property
    def calibrations(self) -> tuple[Calibration, ...]:
        """Each profile fitted to its measured rows; without such rows as it is.

        Raises:
            ConfigError: if the rows cannot tell the parameters that are named.
        """
        return tuple(self._calibration(cluster) for cluster in self.clusters)

    def _calibration(self, cluster: Cluster) -> Calibration:
        rows = self.rows_of(cluster)
        rated = with_single_rates(cluster, rows)
        several = [row for row in rows if row.processes > 1 and kind_of(row.mode) is not None]
        if not several:
            return Calibration(rated, {}, {}, 0, 0.0)
        wanted = parameters_for(rated, rows) if self.fit is None else self.fit
        found = {workload.name: workload for workload in self.workloads}
        return calibrate(rated, several, wanted, found.__getitem__)


def doublings(most: int) -> tuple[int, ...]:
    """1, 2, 4 … up to `most`, which is the last."""
    powers = [2**power for power in range(most.bit_length())]
    return tuple(sorted({*powers, most}))
