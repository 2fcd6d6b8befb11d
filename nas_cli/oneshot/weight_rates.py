"""The optimizer of a supernet's weights, and its learning rate over a search."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from nas_cli.oneshot.momentum import MomentumSGD
from nas_cli.oneshot.settings import WeightSettings
from nas_cli.relevance.relevance import rate_factors


def cosine(first: float, last: float, fraction: float) -> float:
    """The learning rate when this share, in [0, 1], of the search is done."""
    return last + (first - last) * (1.0 + math.cos(math.pi * fraction)) / 2.0


def weight_optimizer(settings: WeightSettings, weights: Sequence[Any], gaussian: bool, examples: int) -> Any:
    """The optimizer of these weights; `gaussian` ones with `examples` have rates of their own for log variances."""
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(settings.learning_rate, global_clipnorm=settings.clip_norm)
    return MomentumSGD(
        settings.learning_rate,
        settings.momentum,
        # Decay is itself a Gaussian prior.
        0.0 if gaussian else settings.weight_decay,
        settings.clip_norm,
        rate_factors(weights, examples) if gaussian else None,
    )
