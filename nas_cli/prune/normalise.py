"""Scores of different layers made comparable."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def normalised(scores: NDArray[Any], how: str) -> NDArray[np.float64]:
    """The scores of one layer over their mean, over √Σs² (`l2`, Molchanov et al. 2017, arXiv:1611.06440, eq. 11), or
    as they are (`none`); infinite ones, which never go, count in neither. Scores that are all zero stay so."""
    values = np.asarray(scores, np.float64)
    finite = values[np.isfinite(values)]
    if how == "none" or not finite.size:
        return values
    scale = float(finite.mean() if how == "mean" else np.sqrt(np.sum(finite**2)))
    return values / scale if scale > 0 else values
