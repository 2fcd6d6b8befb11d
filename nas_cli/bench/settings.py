"""Settings of `nas bench`."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number
from nas_cli.training.settings import OPTIMIZERS

INITIALIZERS = (
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal",
    "random_normal", "random_uniform",
)  # fmt: skip

MOST_MESSAGE_MB = 2000
"""gRPC counts the bytes of a message in 31 bits."""


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What a mode takes where bench.models, bench.processes, bench.batch or bench.image_size is null."""

    models: tuple[str, ...]
    processes: tuple[int, ...] | None = number(1, 100_000)
    batch: int = number(1)
    image_size: int = number(1, 4096)


@dataclass(frozen=True, kw_only=True)
class BenchSettings:
    """What a benchmark does. Each mode reads the keys it needs.

    `models`: what is projected or measured, by name. `processes`: numbers of workers. `batch`: images per worker.
    `image_size`: pixels per side, when projecting of networks without a profile of their own. Where one of these is
    null, `projected` or `local` says what is taken.

    `clusters`, `modes`: what is projected, by name (clusters also as .yaml files). `most_processes`: 1, 2, 4 … up to
    this many workers where their numbers are null. `servers`: parameter servers; null takes the profile's number, and
    one where it is measured.
    `measured`: a CSV of measured rows, to which the profiles are calibrated and which the figures show; null for none.
    `fit`: parameters that the calibration changes, by dotted name; null chooses those that the rows can tell.

    `iterations`: steps that are timed, after `warmup` others. `hosts`: name:slots,… which get workers in
    their order and take turns with parameter servers, null: all here. `port`: the first of those of parameter servers
    and their workers on each host; null takes free ones.

    `message_mb`: sizes of the messages in 10^6 bytes. `cycle_ms`: how often Horovod looks for news. `fusion_mb`: up to
    which size (2^20 bytes) it joins tensors that wait together, tried with messages of `pieces` tensors. `rounds`: how
    often every method is measured, in turn. `timeline`: keep a trace of every setting.

    `optimizers`: what is compared, each from the same `seeds` beginnings. `protocol`: shared gives all of them
    `shared_rate`; tuned gives each its own rate, chosen on the validation split after `tune_epochs` epochs among the
    optimizer's usual rate times each of `rate_factors`, and up to `widen` further rates where the best is at the end
    of these; both is one after the other. `batch_sizes`, `initializers`: a further row each, trained by the optimizer
    `vary`.
    """

    models: tuple[str, ...] | None
    clusters: tuple[str, ...]
    modes: tuple[str, ...]
    processes: tuple[int, ...] | None = number(1, 100_000)
    most_processes: int = number(1, 100_000)
    servers: int | None = number(1)
    batch: int | None = number(1)
    image_size: int | None = number(1, 4096)
    projected: Usual
    local: Usual
    measured: str | None
    fit: tuple[str, ...] | None
    iterations: int = number(2)
    warmup: int = number(1)
    hosts: str | None
    port: int | None = number(1024, 65_535)
    message_mb: tuple[float, ...] = number(0, MOST_MESSAGE_MB, open_low=True)
    cycle_ms: tuple[float, ...] = number(0, 1000, open_low=True)
    fusion_mb: tuple[int, ...] = number(0, 4096)
    pieces: int = number(1, 1000)
    rounds: int = number(1, 1000)
    timeline: bool
    optimizers: tuple[str, ...] = choice(*OPTIMIZERS)
    protocol: str = choice("shared", "tuned", "both")
    seeds: int = number(1, 1000)
    shared_rate: float = number(0, open_low=True)
    rate_factors: tuple[float, ...] = number(0, open_low=True)
    tune_epochs: int = number(1)
    widen: int = number(0, 20)
    batch_sizes: tuple[int, ...] = number(1)
    initializers: tuple[str, ...] = choice(*INITIALIZERS)
    vary: str = choice(*OPTIMIZERS)

    def chosen(self, usual: Usual) -> Usual:
        """Models, numbers of workers, batch and image size: what is given, else what is usual."""
        return Usual(
            models=usual.models if self.models is None else self.models,
            processes=usual.processes if self.processes is None else self.processes,
            batch=self.batch or usual.batch,
            image_size=self.image_size or usual.image_size,
        )

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigError: a list of the comparison is empty or names a thing twice, or `vary` is not compared.
        """
        for key in ("optimizers", "rate_factors"):
            if not getattr(self, key):
                raise ConfigError(f"bench.{key} is empty: name at least one.")
        for key in ("optimizers", "rate_factors", "batch_sizes", "initializers"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                raise ConfigError(f"bench.{key} names one twice: {list(values)}.")
        if (self.batch_sizes or self.initializers) and self.vary not in self.optimizers:
            raise ConfigError(
                f"bench.vary={self.vary} must be one of bench.optimizers ({', '.join(self.optimizers)}), or empty "
                "bench.batch_sizes and bench.initializers."
            )
