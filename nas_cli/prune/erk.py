"""How dense each layer of a sparse network is: Erdős–Rényi, with kernels."""

import math
from collections.abc import Sequence


def erk_densities(shapes: Sequence[Sequence[int]], density: float) -> list[float]:
    """The density of each kernel: ε·(n_in + n_out + k_h + k_w)/(n_in·n_out·k_h·k_w), so that all together have the
    wanted one (Evci et al. 2020, arXiv:1911.11134, section 3).

    Kernels whose density would exceed 1 are dense, and ε is found anew for the others until none does. `shapes`: with
    inputs and outputs last; a dense layer has no k_h and k_w.
    """
    sizes = [math.prod(shape) for shape in shapes]
    raw = [sum(shape) / size for shape, size in zip(shapes, sizes, strict=True)]
    dense: set[int] = set()
    while len(dense) < len(shapes):
        left = density * sum(sizes) - sum(sizes[place] for place in dense)
        scale = left / sum(raw[place] * sizes[place] for place in range(len(shapes)) if place not in dense)
        over = {place for place in range(len(shapes)) if place not in dense and scale * raw[place] > 1}
        if not over:
            return [1.0 if place in dense else scale * raw[place] for place in range(len(shapes))]
        dense |= over
    return [1.0] * len(shapes)
