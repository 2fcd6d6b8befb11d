"""How many weights each kernel keeps."""

from collections.abc import Mapping, Sequence

import numpy as np

from nas_cli.prune.erk import erk_densities
from nas_cli.prune.sensitivity import Sensitivity, sensitive_shares
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.weights import Weight


def kept_counts(
    weights: Sequence[Weight],
    settings: PruneSettings,
    shares: Sequence[float],
    sensitivity: Sensitivity | None = None,
    present: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """By path the number of weights that stay once the shares so far are gone, the last of `shares` of all.

    uniform: round(n·(1 − share)) of each kernel; the output layer's loses `output_rate` of the rate of the others in
    each of the shares' steps. erk and sensitivity: round(n·(1 − share)) of all kernels together, each of them within
    one of its density, or a few more where another kernel has fewer left: `present`, all without it. For global spread
    there are no counts, see `select_weights`.

    Raises:
        ConfigError: sensitivity without a curve for each kernel.
    """
    share = shares[-1]
    if settings.spread == "uniform":
        left = {one.path: _left(shares, settings.output_rate if one.is_output else 1.0) for one in weights}
        return {one.path: round(one.size * left[one.path]) for one in weights}
    sizes = {one.path: one.size for one in weights}
    if settings.spread == "erk":
        densities = dict(zip(sizes, erk_densities([one.shape for one in weights], 1 - share), strict=True))
    else:
        gone = sensitive_shares(sensitivity or {}, sizes, share)
        densities = {path: 1 - gone[path] for path in sizes}
    exact = {path: size * densities[path] for path, size in sizes.items()}
    return whole_counts(exact, sizes if present is None else present, round(sum(sizes.values()) * (1 - share)))


def whole_counts(exact: Mapping[str, float], most: Mapping[str, int], total: int) -> dict[str, int]:
    """The numbers rounded down or up so that their sum is `total`: up where most is lacking, none above its `most`."""
    wanted, limits = np.array(list(exact.values())), np.array([most[name] for name in exact])
    # What is a whole number but for rounding errors must not be rounded down.
    counts = np.minimum(np.floor(wanted + 1e-9), limits).astype(np.int64)
    for _ in range(min(total, int(limits.sum())) - int(counts.sum())):
        counts[np.argmax(np.where(counts < limits, wanted - counts, -np.inf))] += 1
    return dict(zip(exact, counts.tolist(), strict=True))


def _left(shares: Sequence[float], rate: float) -> float:
    """What is left of a kernel of which each step takes `rate` times what it takes of the others."""
    if rate == 1.0:
        return 1 - shares[-1]
    left, before = 1.0, 0.0
    for share in shares:
        left *= 1 - rate * (share - before) / (1 - before)
        before = share
    return left
