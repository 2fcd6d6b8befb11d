"""Settings of `nas bench`."""

from dataclasses import dataclass

from nas_cli.schema import number


@dataclass(frozen=True, kw_only=True)
class BenchSettings:
    """What a benchmark does. Each mode reads the keys it needs.

    `models`, `clusters`, `modes`: what is projected, by name (clusters also as .yaml files). `processes`: numbers of
    workers; null: 1, 2, 4 … up to `most_processes`. `servers`: parameter servers; null takes the profile's number.
    `batch`: images per worker. `image_size`: pixels per side of networks without a profile of their own.
    `measured`: a CSV of measured rows, to which the profiles are calibrated and which the figures show; null for none.
    `fit`: parameters that the calibration changes, by dotted name; null chooses those that the rows can tell.
    """

    models: tuple[str, ...]
    clusters: tuple[str, ...]
    modes: tuple[str, ...]
    processes: tuple[int, ...] | None = number(1, 100_000)
    most_processes: int = number(1, 100_000)
    servers: int | None = number(1)
    batch: int = number(1)
    image_size: int = number(1, 4096)
    measured: str | None
    fit: tuple[str, ...] | None
