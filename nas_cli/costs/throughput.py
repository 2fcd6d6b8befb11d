"""How long a training will take here, from its FLOPs and a quick measurement of the machine."""

import time

import numpy as np

from nas_cli.costs.cost import Cost

SIZE = 768
REPEATS = 5
FORWARD_AND_BACKWARD = 3.0
EFFICIENCY = 0.4
"""The part of the speed of a large matrix product that training reaches: measured on two cores in float32 with
batches of 128, 0.27 for a small dense net, 0.45 for ResNet-20, 0.77 for three convolutions."""


def machine_flops() -> float:
    """FLOP per second of a float32 matrix product with all cores, the best of a few: below 0.3 s of measurement."""
    generator = np.random.default_rng(0)
    left = generator.random((SIZE, SIZE), dtype=np.float32)
    right = generator.random((SIZE, SIZE), dtype=np.float32)
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - start)
    return 2 * SIZE**3 / best


def training_seconds(
    cost: Cost, images: int, epochs: int, machine_flops: float, efficiency: float = EFFICIENCY
) -> float:
    """Predicted seconds of training: a forward and a backward pass are three forward passes for each image.

    A prediction to plan with, not a measurement: small nets are held up by the memory and by starting each step, large
    ones run faster than predicted.
    """
    per_image = FORWARD_AND_BACKWARD * (cost.flops + cost.other_flops)
    return images * epochs * per_image / (machine_flops * efficiency)
