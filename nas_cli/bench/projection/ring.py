"""Synchronous training with ring all-reduce (Patarasuk and Yuan 2009; Sergeev and Del Balso 2018)."""

from nas_cli.bench.projection.cluster import RING, Cluster, Transport
from nas_cli.bench.projection.compute import compute_seconds, waiting_seconds
from nas_cli.bench.projection.step import Step
from nas_cli.bench.projection.workload import Workload, fused

MIB = 2**20


def ring_seconds(message_bytes: float, workers: int, bytes_per_second: float, latency: float) -> tuple[float, float]:
    """(seconds for the bytes, seconds of latency) of one all-reduce: 2(W − 1)/W · S/B and 2(W − 1) · α.

    Each worker sends and receives 2(W − 1) chunks of S/W bytes, in both directions at once.
    """
    steps = 2 * (workers - 1)
    return steps / workers * message_bytes / bytes_per_second, steps * latency


def ring_step(cluster: Cluster, workload: Workload, workers: int, batch: int, transport: str | None = None) -> Step:
    """One step of W workers.

    A message per fusion buffer; messages follow each other, and hide under the share `overlap` of the backward pass.
    """
    compute = compute_seconds(cluster, workload, batch)
    if workers == 1:
        return Step(compute)
    chosen = cluster.transport(RING, transport)
    bandwidth, latency = _hop(cluster, workers, chosen)
    messages = fused(workload.tensors, cluster.fusion_mb * MIB)
    parts = [ring_seconds(size, workers, bandwidth, latency) for size in messages]
    link = sum(part[0] for part in parts)
    waits = sum(part[1] for part in parts) + len(messages) * chosen.message_ms / 1e3
    hidden = chosen.overlap * cluster.backward_share * compute
    return Step(
        compute=compute,
        waiting=waiting_seconds(cluster, compute, workers),
        worker_link=link,
        latency=waits,
        exposed=max(0.0, link + waits - hidden),
    )


def _hop(cluster: Cluster, workers: int, transport: Transport) -> tuple[float, float]:
    """(bytes per second, latency in seconds) of the slowest hop of the ring: all hops are busy at the same time.

    Packed ranks cross a host's link once per direction; scattered ones all do, and share it.
    """
    sharing = cluster.workers_per_host(workers)
    inside = min(cluster.local.device_gb_s, cluster.local.host_gb_s / sharing)
    inside = min(inside, transport.inside_gb_s or inside) * 1e9
    if cluster.hosts_of(workers) == 1:
        return inside, cluster.local.latency_us / 1e6
    crossing = 1 if cluster.placement == "packed" else sharing
    outside = min(transport.gb_s * 1e9, cluster.network.bytes_per_second / crossing)
    return min(inside, outside) if sharing > 1 else outside, transport.latency_us / 1e6
