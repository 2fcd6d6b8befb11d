"""Time per image: measured on this machine, or estimated for a named device."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas_cli.costs.cost import Cost, LayerCost
from nas_cli.costs.throughput import available_cores
from nas_cli.errors import ConfigError

WARM_UP_CALLS = 2


@dataclass(frozen=True)
class Device:
    """A device by its peak arithmetic (FLOP per second, 2 per MAC) and its memory bandwidth (bytes per second)."""

    name: str
    peak_flops: float
    bandwidth: float


@dataclass(frozen=True)
class Latency:
    """Milliseconds per image as measured: the median of `repeats` predictions of one batch, and their quartiles.

    `threads`: the processor cores' threads that one operation may use.
    """

    median_ms: float
    lower_ms: float
    upper_ms: float
    batch_size: int
    repeats: int
    threads: int


def measure(models: Sequence[Any], batch_size: int, repeats: int) -> tuple[Latency, ...]:
    """The latency of each model in this process, after two predictions that are not counted.

    The models take turns, so that a busy neighbour or a warm processor slows them alike and they can be compared.
    Inputs are fixed random numbers; the time includes handing the batch over and getting the result back.

    Raises:
        ConfigError: if `batch_size` or `repeats` is below 1.
    """
    if batch_size < 1 or repeats < 1:
        raise ConfigError(f"batch_size and repeats must be at least 1, got {batch_size} and {repeats}.")
    calls = [_prediction(model, _random_batch(model, batch_size)) for model in models]
    threads = threads_of_an_operation()
    return tuple(
        Latency(middle / batch_size, low / batch_size, high / batch_size, batch_size, repeats, threads)
        for middle, low, high in interleaved(calls, repeats)
    )


def interleaved(calls: Sequence[Callable[[], object]], repeats: int) -> list[tuple[float, float, float]]:
    """Milliseconds of each call: the median of `repeats`, and the lower and upper quartile.

    The calls take turns, after WARM_UP_CALLS turns that are not counted.
    """
    times: list[list[float]] = [[] for _ in calls]
    for turn in range(WARM_UP_CALLS + repeats):
        for call, measured in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if turn >= WARM_UP_CALLS:
                measured.append(1000 * (time.perf_counter() - start))
    quartiles = [np.quantile(measured, (0.5, 0.25, 0.75)).tolist() for measured in times]
    return [(middle, low, high) for middle, low, high in quartiles]


def _prediction(model: Any, batch: Any) -> Callable[[], object]:
    return lambda: model.predict_on_batch(batch)


def _random_batch(model: Any, batch_size: int) -> Any:
    generator = np.random.default_rng(0)
    arrays = [generator.random((batch_size, *tensor.shape[1:]), dtype=np.float32) for tensor in model.inputs]
    return arrays[0] if len(arrays) == 1 else arrays


def threads_of_an_operation() -> int:
    """Threads of one operation; another backend than TensorFlow takes one for each core."""
    import keras

    chosen = 0
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        chosen = tf.config.threading.get_intra_op_parallelism_threads()
    return int(chosen or available_cores())


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
