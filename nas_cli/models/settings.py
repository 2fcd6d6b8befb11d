"""Settings that name a model; checked without TensorFlow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelSettings:
    """A model by zoo name, a run folder (its best network), or a .keras or architecture .json file.

    `keep_weights`: continue from the weights of a run or file instead of fresh ones.
    """

    name: str
    keep_weights: bool
