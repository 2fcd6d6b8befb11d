"""Hardware profiles: what a cluster's devices compute, what its links carry, and how its software uses them."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, nearest, number, validate

RING, SERVER = "ring", "server"


@dataclass(frozen=True, kw_only=True)
class Device:
    """One worker's processor.

    `name`: its name. `images_per_second`: measured in training by one device alone, by model, at batch `batch`.
    `half_batch`: images per step at which a device reaches half of its limit: rate(b) = limit · b / (b + half_batch);
    0 makes it the same for every batch. `flops_per_second`: achieved in training (2 per MAC, forward and backward),
    for models that are not listed; null takes that of the listed one with the most similar arithmetic per tensor.
    """

    name: str
    batch: int = number(1)
    half_batch: float = number(0)
    flops_per_second: float | None = number(0, open_low=True)
    images_per_second: Any


@dataclass(frozen=True, kw_only=True)
class Network:
    """Between hosts: `gbit_s` of one host's link per direction, the share `usable` that payload can have of it."""

    gbit_s: float = number(0, open_low=True)
    usable: float = number(0, 1, open_low=True)

    @property
    def bytes_per_second(self) -> float:
        """Payload bytes per second and direction of one host's link."""
        return self.gbit_s * 1e9 / 8 * self.usable


@dataclass(frozen=True, kw_only=True)
class Local:
    """Inside a host (PCIe, NVLink, memory): GB/s per direction of one device's link, of all devices of the host
    together, and the latency in µs of one message."""

    device_gb_s: float = number(0, open_low=True)
    host_gb_s: float = number(0, open_low=True)
    latency_us: float = number(0)


@dataclass(frozen=True, kw_only=True)
class Transport:
    """One way of moving gradients.

    `kind`: ring (all-reduce) or server (pull and push). `gb_s`: most payload bytes that one process moves per second
    and direction over the network, whatever the link could carry (protocol, copies, sums on the processor);
    `inside_gb_s`: the same inside a host, null leaves that to the local links.
    `latency_us`: of each of the 2(W − 1) steps of a ring over the network, or of one request to a server.
    `message_ms`: time per message that does not depend on W (negotiation, waiting for a cycle).
    `overlap`: share of the backward pass that sending can hide under.
    `duplex`: full: pull and push at once; half: one after the other, the pull before the forward pass.
    """

    kind: str = choice(RING, SERVER)
    gb_s: float = number(0, open_low=True)
    inside_gb_s: float | None = number(0, open_low=True)
    latency_us: float = number(0)
    message_ms: float = number(0)
    overlap: float = number(0, 1)
    duplex: str = choice("full", "half")


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Parameter servers: as many as `per_worker` · W (at least 1) unless a run says how many, `per_host` on a host.

    `hosts`: own (machines for servers only, with the link of the others) or shared (with workers). `apply_gb_s`: bytes
    of gradients that one server adds up or applies per second. `local_sum`: the workers of a host add their gradients
    up before one of them sends the sum, and one pulls for all. `core_gb_s`: GB that a server on a worker's core sends
    and takes per second, while that worker stands still; null where servers have cores of their own.
    """

    per_worker: float = number(0, open_low=True)
    per_host: float = number(0, open_low=True)
    hosts: str = choice("own", "shared")
    apply_gb_s: float = number(0, open_low=True)
    local_sum: bool
    core_gb_s: float | None = number(0, open_low=True)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A hardware profile.

    `devices_per_host`; `hosts`: how many there are, null for as many as the workers need; further workers take turns on
    the devices. `placement` of successive ranks: packed (neighbours share a host as far as possible) or
    scattered (one rank per host in turn). `jitter`: standard deviation of one worker's step time over its mean; a
    synchronous step waits for the slowest of W. `backward_share` of the compute time. `fusion_mb`: MiB of a fusion
    buffer. `ring` and `server`: names in `transports` that are used unless another is asked for.
    """

    name: str
    description: str
    devices_per_host: int = number(1, 4096)
    hosts: int | None = number(1)
    placement: str = choice("packed", "scattered")
    device: Device
    network: Network
    local: Local
    transports: Any
    ring: str
    server: str
    servers: Servers
    jitter: float = number(0, 1)
    backward_share: float = number(0, 1)
    fusion_mb: float = number(0)

    def hosts_of(self, workers: int) -> int:
        """Hosts that so many workers occupy."""
        needed = -(-workers // self.devices_per_host)
        return needed if self.hosts is None else min(needed, self.hosts)

    def workers_per_host(self, workers: int) -> int:
        """Workers on the fullest host."""
        return -(-workers // self.hosts_of(workers))

    def transport(self, kind: str, name: str | None = None) -> Transport:
        """The named transport, or the profile's own choice of a kind.

        Raises:
            ConfigError: if there is none of this name, or it is of the other kind.
        """
        chosen = name or (self.ring if kind == RING else self.server)
        known = [key for key, transport in self.transports.items() if transport.kind == kind]
        if chosen not in known:
            raise ConfigError(
                f"cluster '{self.name}' has no {kind} transport '{chosen}'.{nearest(chosen, known)} "
                f"Known: {', '.join(known)}."
            )
        found: Transport = self.transports[chosen]
        return found


def cluster_names(folder: Path) -> tuple[str, ...]:
    """The profiles in a folder."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def load_cluster(name: str, folder: Path) -> Cluster:
    """The profile of that name in `folder`, or in the YAML file `name`.

    Raises:
        ConfigError: if there is none, or a key is unknown, missing or out of range.
    """
    file = Path(name) if name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
    if not file.is_file() and file.parent != folder:
        raise ConfigError(f"there is no cluster profile {file}: copy one of {folder}, and change its numbers.")
    if not file.is_file():
        known = cluster_names(folder)
        raise ConfigError(
            f"unknown cluster '{name}'.{nearest(name, known)} Known: {', '.join(known)}; or a .yaml file."
        )
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read the cluster profile {file}: {' '.join(str(error).split())[:150]}.") from error
    return cluster_from(values, file.stem)


def cluster_from(values: Any, path: str = "cluster") -> Cluster:
    """The profile from plain values.

    Raises:
        ConfigError: naming the key, if one is unknown, missing or out of range.
    """
    made = validate(Cluster, values, path)
    if not isinstance(made.transports, Mapping) or not made.transports:
        raise ConfigError(f"{path}.transports must be a group of named transports, got {made.transports!r}.")
    transports = {
        str(key): validate(Transport, value, f"{path}.transports.{key}") for key, value in made.transports.items()
    }
    cluster = dataclasses.replace(made, transports=transports)
    _check_rates(cluster.device, f"{path}.device")
    for kind in (RING, SERVER):
        cluster.transport(kind)
    return cluster


def _check_rates(device: Device, path: str) -> None:
    rates = device.images_per_second
    if not isinstance(rates, Mapping):
        raise ConfigError(f"{path}.images_per_second must be a group of models, got {rates!r}.")
    for model, rate in rates.items():
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not rate > 0:
            raise ConfigError(f"{path}.images_per_second.{model} must be a number above 0, got {rate!r}.")
    if not rates and device.flops_per_second is None:
        raise ConfigError(f"{path} needs images_per_second of a model, or flops_per_second.")
