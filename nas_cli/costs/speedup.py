"""How much faster a search gets when every network is compressed before it is trained: the thesis' model."""


def predicted_speedup(training_epochs: float, compression_epochs: float, ratio: float, evaluation: float) -> float:
    """S = (cn + d) / (ck + (cn + d)/a^k), the speed-up of evaluating one generation.

    `training_epochs` n and `compression_epochs` k; `ratio` a, FLOPs before over after one epoch of compression;
    `evaluation` d/c, the time of evaluating a network over that of one epoch of training it (c and d are times per
    FLOP in the thesis, section 4.2; only their ratio matters). Building and tracing networks cost nothing in it.
    """
    uncompressed = training_epochs + evaluation
    return uncompressed / (compression_epochs + uncompressed / float(ratio**compression_epochs))


def pays_off(training_epochs: float, compression_epochs: float, ratio: float, evaluation: float) -> bool:
    """True if compression is faster than none: 1/a^k < 1 - ck/(cn + d), which is S > 1."""
    return predicted_speedup(training_epochs, compression_epochs, ratio, evaluation) > 1.0
