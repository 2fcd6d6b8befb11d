"""Projected rows: images per second, efficiencies and what binds, for a mode, a model, a cluster and W workers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from nas_cli.bench.projection.cluster import RING, SERVER, Cluster
from nas_cli.bench.projection.compute import compute_seconds, images_per_second, taking_turns, waiting_seconds
from nas_cli.bench.projection.parameter_server import default_servers, server_step
from nas_cli.bench.projection.ring import ring_step
from nas_cli.bench.projection.step import Step
from nas_cli.bench.projection.workload import Workload
from nas_cli.errors import ConfigError
from nas_cli.schema import nearest

MODES = ("ring-allreduce", "ps-sync", "ps-async", "independent")
MOST_WORKERS = 100_000

PROJECTED = "projected"


@dataclass(frozen=True)
class Projection:
    """One step of `processes` workers, as `step` says, and what it makes of one device's and of independent ones' rate.

    `servers` is 0 in modes without. `single`: images per second of one worker alone.
    """

    mode: str
    workload: Workload
    cluster: Cluster
    processes: int
    servers: int
    batch: int
    transport: str
    step: Step
    single: float
    independent: float

    @property
    def images_per_second(self) -> float:
        """Of all workers together."""
        return self.processes * self.batch / self.step.seconds

    @property
    def efficiency(self) -> float:
        """T_W / (W · T_1), with T_1 of one worker that has a device to itself: the definition of the papers."""
        return self.images_per_second / (self.processes * self.single)

    @property
    def efficiency_independent(self) -> float:
        """T_W / T_W(W processes without communication), which also counts where processes share devices."""
        return self.images_per_second / self.independent

    def row(self) -> dict[str, Any]:
        """The projection in the form of a measured row (`nas_cli.bench.rows`), with its step in seconds."""
        return {
            "kind": PROJECTED,
            "cluster": self.cluster.name,
            "mode": self.mode,
            "model": self.workload.name,
            "processes": self.processes,
            "servers": self.servers,
            "batch": self.batch,
            "image_size": self.workload.image_size,
            "images_per_second": self.images_per_second,
            "uncertainty": None,
            "jitter": None,
            "efficiency": self.efficiency,
            "efficiency_independent": self.efficiency_independent,
            "oversubscribed": taking_turns(self.cluster, self.processes) > 1,
            "binds": self.step.binds,
            "transport": self.transport,
            "step_seconds": self.step.seconds,
            "compute_seconds": self.step.compute,
            "waiting_seconds": self.step.waiting,
            "worker_link_seconds": self.step.worker_link,
            "server_link_seconds": self.step.server_link,
            "latency_seconds": self.step.latency,
            "exposed_seconds": self.step.exposed,
        }


def project(
    cluster: Cluster,
    workload: Workload,
    mode: str,
    processes: int,
    batch: int,
    servers: int | None = None,
    transport: str | None = None,
) -> Projection:
    """What `processes` workers with `batch` images each would do; `servers` None takes the profile's number.

    Raises:
        ConfigError: if the mode, the transport or a number is not one there is.
    """
    check_mode(mode)
    _check_numbers(processes, batch, servers)
    alone = compute_seconds(cluster, workload, batch)
    without = Step(alone, waiting_seconds(cluster, alone, processes, synchronous=False))
    used = 0
    name = ""
    if mode == "ring-allreduce":
        name = transport or cluster.ring
        step = ring_step(cluster, workload, processes, batch, transport)
    elif mode == "independent":
        step = without
    else:
        name, used = transport or cluster.server, servers or default_servers(cluster, processes)
        step = server_step(cluster, workload, processes, used, batch, mode == "ps-sync", transport)
    return Projection(
        mode=mode,
        workload=workload,
        cluster=cluster,
        processes=processes,
        servers=used,
        batch=batch,
        transport=name,
        step=step,
        single=images_per_second(cluster.device, workload, batch),
        independent=processes * batch / without.seconds,
    )


def project_all(
    clusters: Sequence[Cluster],
    workloads: Sequence[Workload],
    modes: Sequence[str],
    processes: Sequence[int],
    batch: int,
    servers: int | None = None,
) -> Iterator[Projection]:
    """Every combination, the number of workers varying fastest."""
    for cluster, workload, mode, workers in product(clusters, workloads, modes, processes):
        yield project(cluster, workload, mode, workers, batch, servers)


def kind_of(mode: str) -> str | None:
    """The kind of transport a mode uses."""
    return {"ring-allreduce": RING, "ps-sync": SERVER, "ps-async": SERVER}.get(mode)


def check_mode(mode: str, known: Iterable[str] = MODES) -> None:
    """Passes if the mode can be projected.

    Raises:
        ConfigError: naming those that can.
    """
    if mode not in known:
        raise ConfigError(f"unknown mode '{mode}'.{nearest(mode, known)} Known: {', '.join(known)}.")


def _check_numbers(processes: int, batch: int, servers: int | None) -> None:
    if not 1 <= processes <= MOST_WORKERS:
        raise ConfigError(f"processes must be in [1, {MOST_WORKERS}], got {processes}.")
    if batch < 1:
        raise ConfigError(f"batch must be at least 1, got {batch}.")
    if servers is not None and servers < 1:
        raise ConfigError(f"servers must be at least 1, got {servers}.")
