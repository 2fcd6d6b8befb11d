"""How long a training will take here, from its FLOPs and a quick measurement of the machine."""

import os
import time

import numpy as np

from nas_cli.costs.cost import Cost

SIZES = (64, 512)
"""A small product runs on one core and is not held up by a busy neighbour; a large one uses all cores."""

MEASURING_SECONDS = 0.12

FORWARD_AND_BACKWARD = 3.0
EFFICIENCY = 0.7
"""The part of the speed of a float32 matrix product that training reaches; between 0.3 (dense nets) and 1.2
(convolutions in bfloat16) where it was measured, on two cores."""


def available_cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_flops() -> float:
    """FLOP per second of float32 matrix products, the best of a quarter of a second.

    The best, because another process may hold a core at the moment and will not for the whole training. Not one
    core's speed times the cores: two virtual cores are often the two threads of one.
    """
    return max(_product_flops(size) for size in SIZES)


def _product_flops(size: int) -> float:
    generator = np.random.default_rng(0)
    left = generator.random((size, size), dtype=np.float32)
    right = generator.random((size, size), dtype=np.float32)
    product = np.empty((size, size), np.float32)
    best = float("inf")
    until = time.perf_counter() + MEASURING_SECONDS
    while (start := time.perf_counter()) < until or best == float("inf"):
        np.matmul(left, right, out=product)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def training_seconds(
    cost: Cost, images: int, epochs: int, machine_flops: float, efficiency: float = EFFICIENCY
) -> float:
    """Predicted seconds of training: a forward and a backward pass are three forward passes for each image.

    A prediction to plan with, not a measurement: small nets are held up by the memory and by starting each step, large
    ones run faster than predicted.
    """
    per_image = FORWARD_AND_BACKWARD * (cost.flops + cost.other_flops)
    return images * epochs * per_image / (machine_flops * efficiency)
