"""What a run measures, in order: for each model and number of workers the baselines first, then the mode itself."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nas_cli.bench.measuring.measurement import INDEPENDENT, RING, SERVED, Measurement
from nas_cli.distributed.hosts import Host, assigned
from nas_cli.distributed.server_roles import placed
from nas_cli.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class MeasuringPlan:
    """Every combination of `models` and numbers of workers (`processes`) in one mode, on `cores` cores.

    `hosts`: those that get the processes in order, each with as many cores; none: all run here. `timeline`: the folder
    for traces of rings, '' for none.
    """

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
    hosts: tuple[Host, ...] = ()
    timeline: str = ""

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
        hosts = assigned(self.hosts, workers) if self.hosts else {Host("localhost", workers): workers}
        servers = self.servers if self.mode in SERVED else 0
        most = max(hosts.values())
        share = self.threads or max(1, self.cores // most)
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
            servers=servers,
            crowd=_fullest(hosts, servers),
        )
        if self.timeline and self.mode == RING:
            # A model may be named by a path.
            own = replace(own, timeline=str(Path(self.timeline) / f"{Path(model).name}-{workers}.json"))
        without = replace(own, timeline="", mode=INDEPENDENT, servers=0, crowd=most)
        single = replace(without, processes=1, must_fit=most, crowd=1)
        whole = replace(single, threads=self.cores)
        return Comparison(own, single, without, whole)


def _fullest(hosts: Mapping[Host, int], servers: int) -> int:
    """Workers and servers on the host that has most of them."""
    return max(Counter(host for role in placed(hosts, servers).values() for host in role).values())


@dataclass(frozen=True)
class Comparison:
    """`own`: what is asked for. `single`: T_1 with as many threads as each of its processes has. `without`: as many
    processes without communication. `whole`: T_1 with all cores, what a user would run. Some may be equal."""

    own: Measurement
    single: Measurement
    without: Measurement
    whole: Measurement
