"""Settings of the modular spaces."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number


@dataclass(frozen=True)
class ModularSpaceSettings:
    """The layers that may be drawn, how large the graphs may grow, and what a network may cost.

    Layers: `filters` [low, high] of Conv2D, `kernels` its sides in pixels, `pool_size` of the max pooling or
    `dropout` [low, high] rate that may follow it. `dense_units` [low, high] of each of the `dense_layers` before the
    output. `batch_norm`: batch normalisation between convolution and ReLU. `merge`: how several inputs are joined.
    `head`: how maps become features before the dense layers.

    Graphs: `max_module_layers`, `max_blueprint_nodes`; `module_species`: different modules in a sampled network.
    `extra_layers`: probability of each further layer of a sampled module. `extra_links`: probability, once for each
    node, of a further link in a sampled graph.

    Limits of a network, None is no limit: `max_flops` for one image (2 per multiply-accumulate), `max_params`,
    `max_memory_gb` while training.
    """

    name: str
    batch_norm: bool
    filters: tuple[int, int] = number(1)
    kernels: tuple[int, ...] = number(1)
    pool_size: int = number(2)
    dropout: tuple[float, float] = number(0, 1, open_high=True)
    merge: str = choice("concat", "sum")
    head: str = choice("flatten", "global_average_pool")
    dense_layers: int = number(0)
    dense_units: tuple[int, int] = number(1)
    max_module_layers: int = number(1)
    max_blueprint_nodes: int = number(1)
    module_species: int = number(1)
    extra_layers: float = number(0, 1)
    extra_links: float = number(0, 1)
    max_flops: float | None = number(0, open_low=True)
    max_params: float | None = number(0, open_low=True)
    max_memory_gb: float | None = number(0, open_low=True)

    def __post_init__(self) -> None:
        for key in ("filters", "dropout", "dense_units"):
            low, high = getattr(self, key)
            if low > high:
                raise ConfigError(f"space.{key} must be [low, high] with low <= high, got [{low}, {high}].")
        if not self.kernels or len(set(self.kernels)) != len(self.kernels):
            raise ConfigError(f"space.kernels must be different sizes, at least one, got {list(self.kernels)}.")
