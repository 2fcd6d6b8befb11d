"""The time one worker computes for a step, and how much longer the slowest of several takes."""

import math

from scipy.special import ndtri

from nas_cli.bench.projection.cluster import Cluster, Device
from nas_cli.bench.projection.workload import Workload, names, profiled
from nas_cli.errors import ConfigError


def images_per_second(device: Device, workload: Workload, batch: int) -> float:
    """Of one device alone in training: the measured rate of the model, else that of its arithmetic at the FLOP/s which
    the device achieves on the listed model that is most like it.

    Alike are models with the same arithmetic per tensor, for that decides how well a device is used: VGG's few large
    convolutions run at two to three times the FLOP/s of the many small ones of ResNet or Inception.
    The rate at another batch than the measured one follows rate(b) = limit · b / (b + half_batch).
    """
    listed = device.images_per_second.get(workload.name)
    rate = float(listed) if listed else _flops_per_second(device, workload) / workload.training_flops
    saturation = (batch / (batch + device.half_batch)) / (device.batch / (device.batch + device.half_batch))
    return rate * saturation


def _flops_per_second(device: Device, workload: Workload) -> float:
    if device.flops_per_second is not None:
        return device.flops_per_second
    known = [name for name in device.images_per_second if name in names()]
    if not known:
        raise ConfigError(f"device '{device.name}' lists no model with a profile: give flops_per_second.")
    like = min((profiled(name) for name in known), key=lambda other: abs(math.log(_grain(other) / _grain(workload))))
    return float(device.images_per_second[like.name]) * like.training_flops


def _grain(workload: Workload) -> float:
    """Multiply-accumulates per tensor."""
    return workload.macs / len(workload.tensors)


def compute_seconds(cluster: Cluster, workload: Workload, batch: int) -> float:
    """Mean seconds of forward and backward pass of one worker on a device of its own."""
    return batch / images_per_second(cluster.device, workload, batch)


def slowest(jitter: float, workers: int) -> float:
    """Expected step time of the slowest of W workers over the mean one: 1 + jitter · E[max of W standard normals].

    The expectation by Blom's approximation (1958), within 5 % of the exact value, 1 % from W = 8 on.
    """
    return 1 + jitter * float(ndtri((workers - 0.375) / (workers + 0.25))) if workers > 1 else 1.0


def taking_turns(cluster: Cluster, workers: int) -> int:
    """How many workers share the busiest device; 1 unless there are more workers than devices."""
    return -(-cluster.workers_per_host(workers) // cluster.devices_per_host)


def waiting_seconds(cluster: Cluster, compute: float, workers: int, synchronous: bool = True) -> float:
    """What a step takes beyond the mean compute time: turns on a shared device, and the slowest worker."""
    turns = taking_turns(cluster, workers) * compute
    return turns * (slowest(cluster.jitter, workers) if synchronous else 1.0) - compute
