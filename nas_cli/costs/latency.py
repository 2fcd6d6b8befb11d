"""Time per image: measured on this machine, or estimated for a named device."""

import statistics
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas_cli.costs.cost import Cost, LayerCost
from nas_cli.errors import ConfigError

WARM_UP_CALLS = 2


@dataclass(frozen=True)
class Device:
    """A device by its peak arithmetic (FLOP per second, 2 per MAC) and its memory bandwidth (bytes per second)."""

    name: str
    peak_flops: float
    bandwidth: float


def measure_ms(model: Any, batch_size: int, repeats: int) -> float:
    """Median milliseconds per image over `repeats` predictions of one batch, after two that are not counted.

    The input is fixed random numbers; the time includes handing the batch over and getting the result back.

    Raises:
        ConfigError: if `batch_size` or `repeats` is below 1.
    """
    if batch_size < 1 or repeats < 1:
        raise ConfigError(f"batch_size and repeats must be at least 1, got {batch_size} and {repeats}.")
    generator = np.random.default_rng(0)
    batch = [generator.random((batch_size, *tensor.shape[1:]), dtype=np.float32) for tensor in model.inputs]
    inputs = batch[0] if len(batch) == 1 else batch
    for _ in range(WARM_UP_CALLS):
        model.predict_on_batch(inputs)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        model.predict_on_batch(inputs)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times) / batch_size


def roofline_ms(cost: Cost, device: Device) -> float:
    """A lower estimate of milliseconds per image at batch 1: the sum over layers of max(FLOPs/peak, bytes/bandwidth).

    FLOPs include bias, batch norm, activation and pooling; bytes are the layer's inputs, outputs and weights in
    float32, each moved once. Views move nothing. Williams et al. 2009, applied per layer.
    """
    return 1000 * sum(_layer_seconds(layer, cost.layers, device) for layer in cost.layers)


def _layer_seconds(layer: LayerCost, layers: tuple[LayerCost, ...], device: Device) -> float:
    if layer.memory != "own" or not layer.inputs:
        return 0.0
    moved = layer.output_bytes + layer.weight_bytes + sum(layers[source].output_bytes for source in layer.inputs)
    flops = 2 * layer.macs + layer.other_flops
    return max(flops / device.peak_flops, moved / device.bandwidth)
