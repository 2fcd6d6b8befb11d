"""What can be known to fail before any process is started; one clear line each."""

import contextlib
import importlib.metadata
import importlib.util
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from nas_cli.distributed.collective import GLOO, collective_here
from nas_cli.distributed.hosts import Host, assigned, parse_hosts
from nas_cli.distributed.ports import own_address
from nas_cli.distributed.probe import BUILD_HINT, find_launcher
from nas_cli.distributed.remote import ask
from nas_cli.errors import LaunchError

PROCESS_BYTES = 600e6
"""Resident memory of a process that has imported TensorFlow and joined the others."""


@dataclass(frozen=True)
class Plan:
    """A job that can be started, on hosts with a slot for each of its processes. `launcher`: horovodrun, '' for a job
    without. `notes`: what the user should know. `collective`: what sums over its processes."""

    processes: int
    hosts: tuple[Host, ...]
    launcher: str
    notes: tuple[str, ...] = ()
    collective: str = GLOO


def preflight(
    processes: int | None,
    hosts: str | None,
    cores: int,
    memory_bytes: float | None = None,
    smaller: str = "-np or training.batch_size",
    horovod: bool = True,
) -> Plan:
    """The plan for `processes` on `hosts` ('one:4,two:4'); without hosts all run here, without a number all slots.

    `cores`: those of this machine. `memory_bytes`: what one process needs besides TensorFlow itself, if known;
    `smaller` says what to lower where there is not so much. `horovod`: the processes are those of a ring.

    Raises:
        LaunchError: what is missing, and what to do.
    """
    if processes is not None and processes < 1:
        raise LaunchError(f"-np {processes}: must be at least 1.")
    chosen = parse_hosts(hosts) if hosts is not None else (Host("localhost", processes or 1),)
    count = processes or sum(host.slots for host in chosen)
    given = assigned(chosen, count)
    _check_first(next(iter(given)))
    launcher = check_horovod() if horovod else ""
    here = sum(number for host, number in given.items() if host.is_local)
    _check_memory(here, memory_bytes, float(psutil.virtual_memory().available), smaller)
    others = {host.name: number for host, number in given.items() if not host.is_local}
    collective = collective_here() if horovod else GLOO
    addresses = {"this machine": own_address()} if others else {}
    for name, number in others.items():
        addresses[name] = _check_other(name, number, memory_bytes, smaller)
    if horovod and collective == GLOO:
        _check_addresses(addresses)
    notes = []
    if here > cores:
        notes.append(f"oversubscribed: {here} processes on {cores} cores, they will be slower than {cores} processes")
    placed = tuple(replace(host, slots=number) for host, number in given.items())
    return Plan(count, placed, launcher, tuple(notes), collective)


def check_horovod() -> str:
    """The path of horovodrun, where Horovod was built for the TensorFlow that is installed; imports neither.

    Raises:
        LaunchError: Horovod is missing, or was built for another TensorFlow.
    """
    spec = importlib.util.find_spec("horovod")
    if spec is None or spec.origin is None:
        raise LaunchError(f"Horovod is not installed: {BUILD_HINT}.")
    launcher = find_launcher()
    if launcher is None:
        raise LaunchError("horovodrun is neither beside this Python nor on the PATH: run `make setup`.")
    _check_build(Path(spec.origin).parent)
    return launcher


def _check_build(package: Path) -> None:
    try:
        built_for = json.loads((package / "metadata.json").read_text(encoding="utf-8")).get("tensorflow")
        installed = importlib.metadata.version("tensorflow")
    except (OSError, ValueError, importlib.metadata.PackageNotFoundError):
        # Then the processes themselves will say what is wrong.
        return
    if not any((package / "tensorflow").glob("mpi_lib*")):
        raise LaunchError(f"Horovod was built without TensorFlow: {BUILD_HINT}.")
    if built_for != installed:
        raise LaunchError(f"Horovod was built for TensorFlow {built_for}, {installed} is installed: {BUILD_HINT}.")


def _check_first(host: Host) -> None:
    if not host.is_local:
        raise LaunchError(
            f"-H: the first host, {host.name}, is not this machine, which waits for what rank 0 writes: put localhost "
            "first. The run folder must be shared, at the same path on all hosts."
        )


def _check_memory(processes: int, memory_bytes: float | None, free: float, smaller: str, where: str = "") -> None:
    if memory_bytes is None:
        return
    each = PROCESS_BYTES + memory_bytes
    if processes * each > free:
        raise LaunchError(
            f"{processes} processes need about {processes * each / 1e9:.1f} GB ({each / 1e9:.1f} GB each), "
            f"{free / 1e9:.1f} GB are free{where}: use a smaller {smaller}."
        )


def _check_other(host: str, processes: int, memory_bytes: float | None, smaller: str) -> str | None:
    """The address that the host gives its own name."""
    answer = ask(host)
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        mine = importlib.metadata.version("tensorflow")
        if answer.tensorflow != mine:
            raise LaunchError(f"{host} has TensorFlow {answer.tensorflow}, this machine {mine}: install the same.")
    _check_memory(processes, memory_bytes, answer.free_bytes, smaller, f" on {host}")
    return answer.address


def _check_addresses(addresses: Mapping[str, str | None]) -> None:
    # Horovod 0.28.1 tells the processes of other hosts the address of the host's name, whatever interface it is given.
    for host, address in addresses.items():
        if address is None or ipaddress.ip_address(address).is_loopback:
            raise LaunchError(
                f"{host} gives its own name the address {address}, and Horovod would tell other hosts to look for it "
                "there: write its address in the network beside its name in its /etc/hosts."
            )
