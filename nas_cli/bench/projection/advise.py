"""Which mode, and how many servers, for a model on a cluster: the projection as a recommendation."""

from collections.abc import Sequence
from dataclasses import dataclass

from nas_cli.bench.projection.cluster import Cluster
from nas_cli.bench.projection.parameter_server import default_servers
from nas_cli.bench.projection.project import Projection, project
from nas_cli.bench.projection.step import COMPUTE, LATENCY, SERVER_LINK, WORKER_LINK
from nas_cli.bench.projection.workload import Workload

SYNCHRONOUS = ("ring-allreduce", "ps-sync")
ADVISED = (*SYNCHRONOUS, "ps-async")

ENOUGH = 0.99
"""Share of the best rate at which fewer servers are preferred: each costs a process, and a machine where it has one."""

GOOD, FAIR = 0.8, 0.5
"""Efficiencies above which scaling is called good and fair."""

REMEDY = {
    COMPUTE: "computing takes longer than sending them: faster devices or lower precision would help most",
    WORKER_LINK: "the workers' links bind: larger batches, smaller gradients or a faster network or bus would help",
    SERVER_LINK: "the fullest server binds: no number of servers helps beyond the largest tensor, which is not split",
    LATENCY: "messages bind: fewer, larger messages (fusion) or fewer workers would help",
}


@dataclass(frozen=True)
class Advice:
    """The best choice of each mode for `processes` workers, best first, the recommended one, and why, as sentences."""

    processes: int
    choices: tuple[Projection, ...]
    best: Projection
    sentences: tuple[str, ...]


def advise(cluster: Cluster, workload: Workload, processes: int, batch: int) -> Advice:
    """The recommendation for so many workers.

    Images per second decide among the synchronous modes, which train alike; asynchronous training is only named where
    it is faster, for its gradients are stale.
    """
    choices = [best_of_mode(cluster, workload, mode, processes, batch) for mode in ADVISED]
    choices.sort(key=lambda made: -made.images_per_second)
    best = next(made for made in choices if made.mode in SYNCHRONOUS)
    return Advice(processes, tuple(choices), best, tuple(_sentences(best, choices)))


def best_of_mode(cluster: Cluster, workload: Workload, mode: str, processes: int, batch: int) -> Projection:
    """The projection with the fewest servers that reach almost the best rate; ring all-reduce has none."""
    if mode == "ring-allreduce":
        return project(cluster, workload, mode, processes, batch)
    tried = [project(cluster, workload, mode, processes, batch, count) for count in _counts(cluster, processes)]
    most = max(made.images_per_second for made in tried)
    return next(made for made in tried if made.images_per_second >= ENOUGH * most)


def _counts(cluster: Cluster, processes: int) -> Sequence[int]:
    doublings = {2**power for power in range(processes.bit_length())}
    return sorted(
        {count for count in {*doublings, processes, default_servers(cluster, processes)} if count <= processes}
    )


def _sentences(best: Projection, choices: Sequence[Projection]) -> list[str]:
    if best.processes == 1:
        return [
            f"Train {best.workload.name} on one worker of {best.cluster.name}, batch {best.batch}: about "
            f"{best.images_per_second:,.0f} images/s; there is nothing to distribute."
        ]
    return [_recommended(best), _why(best), *_compared(best, choices), *_slower(best), _failures(best)]


def _recommended(best: Projection) -> str:
    servers = f" and {_servers(best)}" if best.servers else ""
    return (
        f"Train {best.workload.name} on {best.cluster.name} with {best.mode}, {best.processes:,} workers{servers}, "
        f"batch {best.batch}: about {best.images_per_second:,.0f} images/s, efficiency {best.efficiency:.0%} "
        f"({_judged(best.efficiency)})."
    )


def _servers(made: Projection) -> str:
    return f"{made.servers:,} server{'s' if made.servers > 1 else ''}"


def _judged(efficiency: float) -> str:
    return "scales well" if efficiency >= GOOD else "scales fairly" if efficiency >= FAIR else "scales badly"


def _why(best: Projection) -> str:
    size = best.workload.gradient_bytes / 1e6
    exposed = best.step.exposed / best.step.seconds
    shown = f" {exposed:.0%} of a step is communication that nothing hides." if exposed >= 0.01 else ""
    return f"Each worker has {size:,.0f} MB of gradients; {REMEDY[best.step.binds]}.{shown}"


def _compared(best: Projection, choices: Sequence[Projection]) -> list[str]:
    lines = []
    for other in choices:
        if other is best:
            continue
        ratio = other.images_per_second / best.images_per_second
        servers = f" with {_servers(other)}" if other.servers else ""
        stale = ", with stale gradients" if other.mode == "ps-async" else ""
        rate = f"{other.images_per_second:,.0f} images/s, {ratio:.1%} of that"
        lines.append(f"{other.mode}{servers} would reach {rate}{stale} ({other.step.binds} binds).")
    return lines


def _slower(best: Projection) -> list[str]:
    """A warning where fewer workers would do as much."""
    if best.processes < 2:
        return []
    half = best_of_mode(best.cluster, best.workload, best.mode, max(1, best.processes // 2), best.batch)
    if best.images_per_second > 1.1 * half.images_per_second:
        return []
    rate = f"{half.images_per_second:,.0f} images/s"
    if half.processes == 1:
        return [f"One worker already reaches {rate}: more do not pay."]
    return [f"{half.processes:,} workers already reach {rate}: more do not pay."]


def _failures(best: Projection) -> str:
    if best.mode == "ring-allreduce":
        return "A worker that fails stops a ring; parameter servers in asynchronous mode go on without it."
    return "A worker that fails stops synchronous training; in asynchronous mode the others go on."
