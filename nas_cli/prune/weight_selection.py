"""Which single weights stay."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.prune.masks import Masks, largest
from nas_cli.prune.normalise import normalised
from nas_cli.prune.schedule import round_shares
from nas_cli.prune.sensitivity import Sensitivity
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.spread import kept_counts
from nas_cli.prune.weights import Weight

Scores = Mapping[str, NDArray[Any]]
"""By `Weight.path`, in the kernel's shape; the smallest go first."""


def select_weights(
    weights: Sequence[Weight],
    scores: Scores,
    settings: PruneSettings,
    round_number: int,
    before: Masks | None = None,
    sensitivity: Sensitivity | None = None,
) -> dict[str, NDArray[np.bool_]]:
    """The masks after a round, 1..rounds: of each kernel the largest scores, or of all kernels in global spread.

    What is not in `before` is gone already and stays so. Numbers are exact: round(n·(1 − s)) weights of each kernel
    (uniform), or of all together (global, erk, sensitivity). Of equal scores the first stays.

    Raises:
        ConfigError: spread=sensitivity without a curve for each kernel.
    """
    shares = round_shares(settings)[:round_number]
    if settings.spread == "global":
        return _across(weights, scores, settings, shares[-1], before)
    past = before or {}
    present = {one.path: int(past[one.path].sum()) if one.path in past else one.size for one in weights}
    counts = kept_counts(weights, settings, shares, sensitivity, present)
    return {one.path: largest(scores[one.path], counts[one.path], past.get(one.path)) for one in weights}


def _across(
    weights: Sequence[Weight], scores: Scores, settings: PruneSettings, share: float, before: Masks | None
) -> dict[str, NDArray[np.bool_]]:
    values = np.concatenate([normalised(scores[one.path], settings.comparison).ravel() for one in weights])
    past = None if before is None else np.concatenate([before[one.path].ravel() for one in weights])
    kept = largest(values, round(values.size * (1 - share)), past)
    parts = np.split(kept, np.cumsum([one.size for one in weights])[:-1])
    return {one.path: part.reshape(one.shape) for one, part in zip(weights, parts, strict=True)}
