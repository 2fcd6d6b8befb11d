"""Training with parameter servers, synchronous or asynchronous (Li et al. 2014; TensorFlow's tf_cnn_benchmarks)."""

from dataclasses import dataclass

from nas_cli.bench.projection.cluster import SERVER, Cluster, Transport
from nas_cli.bench.projection.compute import compute_seconds, waiting_seconds
from nas_cli.bench.projection.step import Step
from nas_cli.bench.projection.workload import Workload, largest_share
from nas_cli.costs.cost import FLOAT32_BYTES


@dataclass(frozen=True)
class Traffic:
    """What one step moves in one direction.

    `total`: bytes of one copy of the variables; `share`: those of them on the fullest server, `host_share` those on the
    fullest host of servers. `senders`: how often a copy goes to the servers, `senders_on_host` of them from the same
    host. `near`: share of the workers' hosts that have a server, with which their own workers need no link.
    """

    total: int
    share: int
    host_share: int
    senders: int
    senders_on_host: int
    near: float

    @property
    def from_workers(self) -> int:
        """Bytes that cross the link of the busiest host, for its workers."""
        return self.near_workers if self.near == 1 else self.senders_on_host * self.total

    @property
    def near_workers(self) -> int:
        """The same for a host that has a server."""
        return self.senders_on_host * (self.total - self.host_share)

    @property
    def from_servers(self) -> int:
        """Bytes that cross the link of the busiest host, for its servers."""
        return (self.senders - (self.senders_on_host if self.near else 0)) * self.host_share

    @property
    def from_both(self) -> int:
        """The same for a host of workers that has servers too."""
        return self.near_workers + self.from_servers


def default_servers(cluster: Cluster, workers: int) -> int:
    """The profile's number of servers for so many workers, at least 1."""
    return max(1, round(cluster.servers.per_worker * workers))


def traffic(cluster: Cluster, workload: Workload, workers: int, servers: int) -> Traffic:
    """The bytes of one pull, or of one push, of all workers; whole tensors are dealt out to the servers in turn."""
    hosts, on_host = cluster.hosts_of(workers), cluster.workers_per_host(workers)
    summed, shared = cluster.servers.local_sum, cluster.servers.hosts == "shared"
    hosting = hosts if shared else -(-servers // max(1, round(cluster.servers.per_host)))
    total, share = workload.gradient_bytes, FLOAT32_BYTES * largest_share(workload.tensors, servers)
    return Traffic(
        total=total,
        share=share,
        host_share=min(total, -(-servers // hosting) * share),
        senders=hosts if summed else workers,
        senders_on_host=1 if summed else on_host,
        near=min(servers, hosts) / hosts if shared else 0.0,
    )


def server_step(
    cluster: Cluster,
    workload: Workload,
    workers: int,
    servers: int,
    batch: int,
    synchronous: bool,
    transport: str | None = None,
) -> Step:
    """One step of W workers with so many servers.

    Synchronous workers pull and push at the same time, and wait for the slowest of them. Asynchronous ones do not, and
    are out of phase: a server works for some while others compute, so that its time counts only where it exceeds a
    worker's own step. Pull and push hide under the share `overlap` of the backward pass (full duplex: both at once;
    half: the push alone, after a pull that nothing hides).
    """
    compute = compute_seconds(cluster, workload, batch)
    chosen = cluster.transport(SERVER, transport)
    moved = traffic(cluster, workload, workers, servers)
    worker, server = _one_way(cluster, workers, moved, chosen)
    applied = moved.senders * moved.share / (cluster.servers.apply_gb_s * 1e9)
    latency = 2 * chosen.latency_us / 1e6 + chosen.message_ms / 1e3
    hidden = chosen.overlap * cluster.backward_share * compute
    half = chosen.duplex == "half"
    waiting = waiting_seconds(cluster, compute, workers, synchronous)
    if synchronous:
        one_way = max(worker, server)
        pull = one_way if half else 0.0
        exposed = pull + max(0.0, max(worker, server + applied) + latency - hidden)
    else:
        alone, beside = (
            max(0.0, link + latency - hidden) + (link if half else 0.0)
            for link in (worker, _beside_server(cluster, workers, moved, chosen))
        )
        own = compute + waiting
        far = own + max(alone, (2 if half else 1) * server + applied - own)
        exposed = _mean_step(cluster, workers, moved, far, own + beside) - own
    both = 2 if half else 1
    return Step(compute, waiting, both * worker, both * server + applied, latency, exposed)


def _mean_step(cluster: Cluster, workers: int, moved: Traffic, far: float, beside: float) -> float:
    """The step of asynchronous workers that gives their images per second, of which some have a server on their host
    and take more steps than the others; `far` and `beside`: seconds of theirs.

    What a server does for workers of other hosts on a worker's core (`core_gb_s`) that worker does not compute.
    """
    core = cluster.servers.core_gb_s
    lost = 2 * moved.from_servers / (core * 1e9) / cluster.workers_per_host(workers) if core else 0.0
    if moved.near in (0, 1):
        return far + lost * moved.near
    return 1 / ((1 - moved.near) / far + moved.near * max(0.0, 1 - lost / far) / beside)


def _beside_server(cluster: Cluster, workers: int, moved: Traffic, transport: Transport) -> float:
    """Seconds for one pull or push of a worker with a server on its host, which has `host_share` of the variables."""
    inside = moved.host_share / _inside(cluster, workers, transport)
    away = moved.total - moved.host_share
    return max(inside + away / (transport.gb_s * 1e9), moved.near_workers / cluster.network.bytes_per_second)


def _inside(cluster: Cluster, workers: int, transport: Transport) -> float:
    """Bytes per second and direction between a worker and a server of its host."""
    device = _device(cluster, workers)
    return min(device, transport.inside_gb_s * 1e9) if transport.inside_gb_s else device


def _device(cluster: Cluster, workers: int) -> float:
    """Bytes per second and direction between a device and its host, which all devices of the host use at once."""
    return min(cluster.local.device_gb_s, cluster.local.host_gb_s / cluster.workers_per_host(workers)) * 1e9


def _one_way(cluster: Cluster, workers: int, moved: Traffic, transport: Transport) -> tuple[float, float]:
    """(seconds of the busiest worker's link, seconds of the busiest server's link) for one pull or one push."""
    local, shared = cluster.local, cluster.servers.hosts == "shared"
    if shared and cluster.hosts_of(workers) == 1:
        process = min(local.host_gb_s, transport.inside_gb_s or local.host_gb_s) * 1e9
        return moved.total / _inside(cluster, workers, transport), moved.senders * moved.share / process
    process, link = transport.gb_s * 1e9, cluster.network.bytes_per_second
    worker = max(moved.total / _device(cluster, workers), moved.total / process, moved.from_workers / link)
    server = max(moved.senders * moved.share / process, moved.from_servers / link)
    # Servers among workers: what comes in for the ones (pull) and for the others (push) shares the host's link.
    together = moved.from_both / link if shared and transport.duplex == "full" else 0.0
    return (
        (max(worker, together), server) if moved.from_workers > moved.from_servers else (worker, max(server, together))
    )
