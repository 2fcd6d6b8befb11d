"""Wrong labels on purpose: for experiments on what they do."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def noisy_labels(labels: NDArray[np.int64], classes: int, share: float, split_digest: str) -> NDArray[np.int64]:
    """A copy of `labels` of which round(share·n) are another class, each of the others with equal probability.

    Symmetric noise, of an exact count. Which labels change and to what follows from the split alone: those wrong at a
    smaller share are wrong, in the same way, at a larger one.
    """
    if not share:
        return labels
    rng = np.random.default_rng(int(split_digest[:16], 16))
    order = rng.permutation(len(labels))
    steps = rng.integers(1, classes, len(labels))
    wrong = order[: round(share * len(labels))]
    changed = labels.copy()
    changed[wrong] = (labels[wrong] + steps[wrong]) % classes
    return changed


def noisy_digest(split_digest: str, labels: NDArray[Any]) -> str:
    """The digest of a split whose training labels were replaced by these."""
    algorithm = hashlib.sha256(split_digest.encode())
    algorithm.update(np.ascontiguousarray(labels, "<i8").tobytes())
    return algorithm.hexdigest()
