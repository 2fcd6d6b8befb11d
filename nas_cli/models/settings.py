"""Settings that name a model; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import number


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """A model by zoo name, a run folder (its best network), or a .keras or architecture .json file.

    Weights are fresh unless one of two is given. `keep_weights`: those of the named run or file itself. `weights`:
    those of another source, 'imagenet' (networks of `keras.applications`) or a .weights.h5 or .keras file or a run.
    `width`: multiplies the filters of every hidden layer; None leaves the network as published.
    """

    name: str
    keep_weights: bool
    width: float | None = number(0, 16, open_low=True)
    weights: str | None

    def __post_init__(self) -> None:
        if self.keep_weights and self.weights is not None:
            raise ConfigError(
                f"model.keep_weights=true and model.weights={self.weights} name two sources of weights: give one."
            )

    @property
    def has_weights(self) -> bool:
        """Whether the network comes with weights that are not fresh."""
        return self.keep_weights or self.weights is not None
