"""What a run measures, in order: for each model and number of workers the baselines first, then the mode itself."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nas_cli.bench.measuring.measurement import INDEPENDENT, SERVED, Measurement
from nas_cli.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class MeasuringPlan:
    """Every combination of `models` and numbers of workers (`processes`) in one mode, on `cores` cores."""

    mode: str
    models: tuple[str, ...]
    processes: tuple[int, ...]
    servers: int
    batch: int
    image_size: int
    iterations: int
    warmup: int
    seed: int
    cores: int
    threads: int | None = None

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigError: nothing is to be measured.
        """
        for what, values in (("model", self.models), ("number of workers", self.processes)):
            if not values:
                raise ConfigError(f"no {what} is given: name at least one.")

    def jobs(self) -> Iterator["Comparison"]:
        """The comparisons, models varying slowest."""
        for model in self.models:
            for workers in self.processes:
                yield self._comparison(model, workers)

    def _comparison(self, model: str, workers: int) -> "Comparison":
        share = self.threads or max(1, self.cores // workers)
        own = Measurement(
            mode=self.mode,
            model=model,
            processes=workers,
            threads=share,
            batch=self.batch,
            image_size=self.image_size,
            iterations=self.iterations,
            warmup=self.warmup,
            seed=self.seed,
            servers=self.servers if self.mode in SERVED else 0,
        )
        without = replace(own, mode=INDEPENDENT, servers=0)
        single = replace(without, processes=1, must_fit=workers)
        whole = replace(single, threads=self.cores)
        return Comparison(own, single, without, whole)


@dataclass(frozen=True)
class Comparison:
    """`own`: what is asked for. `single`: T_1 with as many threads as each of its processes has. `without`: as many
    processes without communication. `whole`: T_1 with all cores, what a user would run. Some may be equal."""

    own: Measurement
    single: Measurement
    without: Measurement
    whole: Measurement
