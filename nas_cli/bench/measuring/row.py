"""A measurement as a row of the table: speeds, efficiencies, bytes, processor time and memory."""

import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nas_cli.bench.measuring.measurement import ASYNC, INDEPENDENT, RING, SYNC, Measurement
from nas_cli.bench.measuring.speeds import Speed, beside, speed, together
from nas_cli.bench.rows import REFERENCE
from nas_cli.costs.cost import FLOAT32_BYTES

MEASURED = "measured"
HERE = "localhost"
"""The cluster of a row that was measured on one machine."""

Row = dict[str, Any]

TRANSPORTS = {SYNC: "grpc", ASYNC: "grpc", INDEPENDENT: ""}
"""Of a ring: its collective."""


def row_of(
    job: Measurement,
    result: Mapping[str, Any],
    cores: int,
    kind: str = MEASURED,
    single: float | None = None,
    independent: float | None = None,
    cluster: str = HERE,
) -> Row:
    """The row, with the columns of `nas_cli.bench.rows`.

    `single`: images per second of one process with as many threads; `independent`: of so many without communication;
    None where this row is what others are compared with. A reference has no efficiencies. `cluster`: '' for hosts that
    the user names, so that the row calibrates whichever profile describes them.
    """
    measured = _served(job, result) if "served" in result else _own(job, result["workers"])
    total: Speed = measured.pop("speed")
    compared = kind != REFERENCE
    return {
        "kind": kind,
        "cluster": cluster,
        "mode": job.mode,
        "model": job.model,
        "processes": job.processes,
        "servers": job.servers,
        "batch": job.batch,
        "image_size": job.image_size,
        "images_per_second": total.mean,
        "uncertainty": total.uncertainty,
        "jitter": total.jitter,
        "efficiency": total.mean / (job.processes * (single or total.mean)) if compared else None,
        "efficiency_independent": total.mean / (independent or total.mean) if compared else None,
        "oversubscribed": job.crowd * job.threads > cores,
        "transport": result["collective"] if job.mode == RING else TRANSPORTS[job.mode],
        "threads": job.threads,
        "iterations": job.iterations,
        "warmup": job.warmup,
        "params": sum(result["tensors"]),
        "bytes_moved": bytes_moved(job, FLOAT32_BYTES * sum(result["tensors"])),
        "host": socket.gethostname(),
        "timeline": job.timeline,
        **measured,
    }


def bytes_moved(job: Measurement, gradient_bytes: int) -> int:
    """Bytes that all processes together send in one step (asynchronous: in one per worker), as the method has it.

    Ring: 2 (W-1) / W of the gradients from each. Parameter servers: the variables to, the gradients from each worker.
    """
    if job.mode == RING:
        return 2 * (job.processes - 1) * gradient_bytes
    return 2 * job.processes * gradient_bytes if job.servers else 0


def _own(job: Measurement, workers: list[Mapping[str, Any]]) -> Row:
    """What processes that time themselves have found."""
    speeds = [speed(job.batch * job.shares, worker["seconds"]) for worker in workers]
    total = together(speeds) if job.mode == RING else beside(speeds)
    wall = max(worker["wall"] for worker in workers)
    if job.mode == RING:
        total = replace(total, mean=job.processes * job.iterations * job.batch / wall)
    return {
        "speed": total,
        "step_seconds": wall / job.iterations,
        "cpu_seconds": sum(worker["cpu_seconds"] for worker in workers),
        "peak_memory_bytes": sum(worker["peak_bytes"] for worker in workers),
        "bytes_counted": round(sum(worker["sent_bytes"] for worker in workers) / job.iterations),
    }


def _served(job: Measurement, result: Mapping[str, Any]) -> Row:
    """What the coordinator of parameter servers has found."""
    served = result["served"]
    images = job.processes * job.batch
    if "seconds" in served:
        rate = images * job.iterations / served["wall"]
        total = together([speed(job.batch, served["seconds"])] * job.processes)
    else:
        # Not over the whole time, in which the others wait at the end for the last step of the slowest.
        rate = sum(job.batch * len(own) / span for own, span in zip(served["busy"], served["spans"], strict=True))
        total = beside([speed(job.batch, seconds) for seconds in served["busy"]])
    staleness = served.get("staleness")
    return {
        "speed": replace(total, mean=rate),
        "step_seconds": images / rate,
        "cpu_seconds": served["cpu_seconds"],
        "peak_memory_bytes": served["peak_bytes"],
        "bytes_counted": round(served["sent_bytes"] / job.iterations),
        "bytes_per_server": result["server_bytes"],
        "staleness": sum(staleness) / len(staleness) if staleness else None,
        "most_staleness": max(staleness) if staleness else None,
    }
