"""Losses that bear wrong labels: each from logits (batch, classes) and labels (batch,) to float32 losses (batch,).

p_k is softmax of the logits, y the label. Cross-entropy's gradient grows with 1/p_y, so that an example with a wrong
label, whose p_y stays small, pulls hardest; these losses bound or share out that pull.
"""

from typing import Any

Tensor = Any


def symmetric_cross_entropy(logits: Tensor, labels: Tensor, alpha: float, beta: float, log_zero: float) -> Tensor:
    """alpha·(−log p_y) + beta·(−log_zero)·(1 − p_y): the second term is the cross-entropy with the roles exchanged,
    −Σ_k p_k·log q_k of the one-hot label q, where log 0 is taken as `log_zero` (below 0).

    Source: Wang et al. 2019, arXiv:1908.06112, equations 4 to 7.
    """
    from keras import ops

    log_p = _log_probability(logits, labels)
    return -alpha * log_p - beta * log_zero * (1.0 - ops.exp(log_p))


def generalised_cross_entropy(logits: Tensor, labels: Tensor, q: float) -> Tensor:
    """(1 − p_y^q)/q: cross-entropy for q → 0, the mean absolute error (up to its factor 2) for q = 1.

    Source: Zhang & Sabuncu 2018, arXiv:1805.07836, equation 6; without the truncation of its section 3.3.
    """
    from keras import ops

    return (1.0 - ops.exp(q * _log_probability(logits, labels))) / q


def bootstrap_soft(logits: Tensor, labels: Tensor, beta: float) -> Tensor:
    """−Σ_k [beta·q_k + (1 − beta)·p_k]·log p_k: a part of the target is the network's own answer.

    Source: Reed et al. 2015, arXiv:1412.6596, equation 6; the gradient goes through both factors, as there.
    """
    from keras import ops

    log_all = ops.log_softmax(logits, axis=-1)
    own = -ops.sum(ops.exp(log_all) * log_all, axis=-1)
    return -beta * _log_probability(logits, labels) + (1.0 - beta) * own


def bootstrap_hard(logits: Tensor, labels: Tensor, beta: float) -> Tensor:
    """−beta·log p_y − (1 − beta)·log max_k p_k: the same with the network's most probable class.

    Source: Reed et al. 2015, arXiv:1412.6596, equation 7.
    """
    from keras import ops

    own = ops.max(ops.log_softmax(logits, axis=-1), axis=-1)
    return -beta * _log_probability(logits, labels) - (1.0 - beta) * own


def _log_probability(logits: Tensor, labels: Tensor) -> Tensor:
    """log p_y, (batch,); finite wherever the logits are."""
    from keras import ops

    return -ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
