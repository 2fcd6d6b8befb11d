"""Candidates that a cheap proxy lets pass, and those it does not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nas_cli.schema import choice, number

FEWEST = 8
"""Proxies of earlier candidates before the first candidate is held back: a quantile of fewer is mostly chance."""


@dataclass(frozen=True)
class FilterSettings:
    """Train only candidates whose `proxy` (none: train all) reaches the quantile 1 − `keep` of the earlier ones'.

    The others are failed trials, 'filtered: …': a strategy is told that they are no good, and a search that is resumed
    reads their proxies in the journal and does not compute them again.
    """

    proxy: str = choice("none", "synflow", "naswot", "grad_norm")
    keep: float = number(0, 1, open_low=True)


def filter_bar(values: Sequence[float], keep: float) -> float | None:
    """The least of the best `keep` (a share, rounded up) of the values; None for fewer than FEWEST values."""
    if len(values) < FEWEST:
        return None
    # 100 · 0.07 is a little above 7 in floats, and would be rounded up to 8.
    kept = max(1, math.ceil(round(len(values) * keep, 6)))
    return sorted(values, reverse=True)[kept - 1]
