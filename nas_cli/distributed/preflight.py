"""What can be known to fail before any process is started; one clear line each."""

import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from nas_cli.distributed.hosts import Host, assigned, parse_hosts
from nas_cli.distributed.probe import BUILD_HINT, find_launcher
from nas_cli.errors import LaunchError

PROCESS_BYTES = 600e6
"""Resident memory of a process that has imported TensorFlow and joined the others."""

SSH_SECONDS = 10


@dataclass(frozen=True)
class Plan:
    """A job that can be started. `notes`: lines that the user should know."""

    processes: int
    hosts: tuple[Host, ...]
    launcher: str
    notes: tuple[str, ...] = ()


def preflight(
    processes: int | None,
    hosts: str | None,
    cores: int,
    memory_bytes: float | None = None,
    smaller: str = "-np or training.batch_size",
) -> Plan:
    """The plan for `processes` on `hosts` ('one:4,two:4'); without hosts all run here, without a number all slots.

    `cores`: those of this machine. `memory_bytes`: what one process needs besides TensorFlow itself, if known;
    `smaller` says what to lower where there is not so much.

    Raises:
        LaunchError: what is missing, and what to do.
    """
    if processes is not None and processes < 1:
        raise LaunchError(f"-np {processes}: must be at least 1.")
    chosen = parse_hosts(hosts) if hosts is not None else (Host("localhost", processes or 1),)
    count = processes or sum(host.slots for host in chosen)
    given = assigned(chosen, count)
    _check_first(next(iter(given)))
    launcher = check_horovod()
    here = sum(number for host, number in given.items() if host.is_local)
    _check_memory(here, memory_bytes, smaller)
    _check_ssh([host for host in given if not host.is_local])
    notes = []
    if here > cores:
        notes.append(f"oversubscribed: {here} processes on {cores} cores, they will be slower than {cores} processes")
    return Plan(count, tuple(given), launcher, tuple(notes))


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


def _check_memory(processes: int, memory_bytes: float | None, smaller: str) -> None:
    if memory_bytes is None:
        return
    each = PROCESS_BYTES + memory_bytes
    free = psutil.virtual_memory().available
    if processes * each > free:
        raise LaunchError(
            f"{processes} processes need about {processes * each / 1e9:.1f} GB ({each / 1e9:.1f} GB each), "
            f"{free / 1e9:.1f} GB are free: use a smaller {smaller}."
        )


def _check_ssh(hosts: Sequence[Host]) -> None:
    if hosts and shutil.which("ssh") is None:
        raise LaunchError(f"{hosts[0].name} is another machine, and there is no ssh here: install an ssh client.")
    for host in hosts:
        command = ["ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={SSH_SECONDS}", host.name, "true"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=2 * SSH_SECONDS, check=False)
            lines = done.stderr.strip().splitlines()
            reason = "" if done.returncode == 0 else (lines[-1] if lines else f"exit code {done.returncode}")
        except subprocess.TimeoutExpired:
            reason = f"no answer in {2 * SSH_SECONDS} s"
        if reason:
            raise LaunchError(f"no ssh to {host.name} without a password ({reason}): `ssh {host.name} true` must work.")
