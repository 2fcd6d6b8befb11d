"""The space of chains: layers one after another, each with its own settings."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Scalar
from nas_cli.spaces.chain_network import image_network, vector_network
from nas_cli.spaces.decision import Categorical, Decision
from nas_cli.spaces.decision_space import DecisionSpace, Values

Condition = tuple[str, tuple[Scalar, ...]]


@dataclass(frozen=True)
class ChainSpaceSettings:
    """The values that the decisions may have, and what a network may cost.

    Images: 1 to `max_blocks` blocks, each one of `operations` with one of `kernels` (sides in pixels), of `filters` and
    of `reductions` of height and width; `expansion` is that of mbconv. One of `heads` makes features of the maps; 0 to
    `max_dense` layers with one of `units` follow. Vectors: 1 to `max_blocks` dense layers with one of `units`. Of the
    whole network: `batch_norm` between each layer and its ReLU or not, and the `dropout` rate before the outputs.

    Limits, None is no limit: `max_flops` for one image (2 per multiply-accumulate), `max_params`, `max_memory_gb`
    while training.
    """

    name: str
    batch_norm: tuple[bool, ...]
    max_blocks: int = number(1)
    operations: tuple[str, ...] = choice("conv", "separable", "mbconv")
    kernels: tuple[int, ...] = number(1)
    filters: tuple[int, ...] = number(1)
    reductions: tuple[str, ...] = choice("none", "max_pool", "average_pool", "stride")
    expansion: int = number(1)
    heads: tuple[str, ...] = choice("global_average_pool", "flatten")
    max_dense: int = number(0)
    units: tuple[int, ...] = number(1)
    dropout: tuple[float, ...] = number(0, 1, open_high=True)
    max_flops: float | None = number(0, open_low=True)
    max_params: float | None = number(0, open_low=True)
    max_memory_gb: float | None = number(0, open_low=True)

    def __post_init__(self) -> None:
        for field in fields(self):
            values = getattr(self, field.name)
            if isinstance(values, tuple) and (not values or len(set(values)) != len(values)):
                raise ConfigError(f"space.{field.name} must be different values, at least one, got {list(values)}.")


class ChainSpace(DecisionSpace):
    """Genotypes have the decisions 'blocks', 'block_1_operation', 'block_1_kernel', 'block_1_filters',
    'block_1_reduction' and so on, 'head', 'dense_layers', 'dense_1_units' and so on, 'batch_norm', 'dropout'; for
    vectors 'dense_layers' and what follows it. Those of a block count where the chain is long enough to have it.

    Numbers are ordered choices: a neighbour has the next smaller or larger one.
    """

    def __init__(self, settings: ChainSpaceSettings, input_shape: tuple[int, ...], classes: int) -> None:
        if len(input_shape) not in (1, 3):
            raise ConfigError(
                f"space '{settings.name}' needs images (height, width, channels) or vectors (features,), "
                f"got {input_shape}."
            )
        images = len(input_shape) == 3
        super().__init__(_of_images(settings) if images else _dense(settings, 1, settings.max_blocks))
        self.settings = settings
        self.input_shape = input_shape
        self.classes = classes

    def architecture(self, genotype: Values) -> Architecture:
        """The network of a genotype."""
        values: Mapping[str, Scalar] = dict(self.point(genotype).values)
        if len(self.input_shape) == 1:
            return vector_network(values, self.input_shape, self.classes)
        return image_network(values, self.settings.expansion, self.input_shape, self.classes)


def _of_images(settings: ChainSpaceSettings) -> list[Decision]:
    made = _counted("blocks", 1, settings.max_blocks)
    for block in range(1, settings.max_blocks + 1):
        when = _at_least("blocks", block, settings.max_blocks)
        made += [
            Decision(f"block_{block}_operation", Categorical(settings.operations), when),
            Decision(f"block_{block}_kernel", _ordered(settings.kernels), when),
            Decision(f"block_{block}_filters", _ordered(settings.filters), when),
            Decision(f"block_{block}_reduction", Categorical(settings.reductions), when),
        ]
    return [*made, Decision("head", Categorical(settings.heads)), *_dense(settings, 0, settings.max_dense)]


def _dense(settings: ChainSpaceSettings, least: int, most: int) -> list[Decision]:
    made = _counted("dense_layers", least, most)
    for layer in range(1, most + 1):
        when = _at_least("dense_layers", layer, most)
        made.append(Decision(f"dense_{layer}_units", _ordered(settings.units), when))
    made.append(Decision("batch_norm", Categorical(settings.batch_norm)))
    return [*made, Decision("dropout", _ordered(settings.dropout))]


def _counted(name: str, least: int, most: int) -> list[Decision]:
    return [Decision(name, Categorical(tuple(range(least, most + 1)), ordered=True))]


def _at_least(name: str, least: int, most: int) -> Condition:
    return name, tuple(range(least, most + 1))


def _ordered(values: tuple[Scalar, ...]) -> Categorical:
    return Categorical(tuple(sorted(values)), ordered=True)
