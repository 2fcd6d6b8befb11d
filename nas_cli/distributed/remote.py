"""Processes on other hosts, over ssh: how they are started, what they are asked first, and how they end."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nas_cli.errors import LaunchError

CONNECT_SECONDS = 10
ANSWER_SECONDS = 60
"""Starting Python over a network file system may take some seconds."""
SSH_FAILED = 255

LEASH = "NAS_ENDS_WITH_STDIN"
"""Environment variable of processes that `on_host` has started to run on until the caller ends."""

PASSED = ("NAS_", "PYTHON", "TF_", "KERAS_", "XLA_", "GRPC_", "OMP_", "MKL_", "CUDA_", "NCCL_", "LD_LIBRARY_PATH")
"""Variables that go with a process, by how their names begin: a login shell's others are those of its host."""


@dataclass(frozen=True)
class Answer:
    """What a host says of itself: `free_bytes` of memory, its TensorFlow's version, the address that it gives its own
    name, and ports that are free there."""

    free_bytes: float
    tensorflow: str | None
    address: str | None
    ports: tuple[int, ...] = ()


def on_host(host: str, argv: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The ssh command that runs `argv` on `host`, in the folder of the same name and with the variables in `PASSED`."""
    passed = [f"{name}={value}" for name, value in sorted(environment.items()) if name.startswith(PASSED)]
    line = f"cd {shlex.quote(os.getcwd())} 2> /dev/null; exec {shlex.join(['env', *passed, *argv])}"
    return ["ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}", host, line]


def ask(host: str, ports: int = 0, first_port: int | None = None) -> Answer:
    """What `host` says of itself, with `ports` of its ports: from `first_port` on, or free ones.

    Raises:
        LaunchError: there is no ssh, the host does not let us in or does not answer, it has no nas at the same path, or
            a port is taken there.
    """
    if shutil.which("ssh") is None:
        raise LaunchError(f"{host} is another machine, and there is no ssh here: install an ssh client.")
    argv = [sys.executable, "-m", "nas_cli.distributed.host_answer", str(ports), str(first_port or 0)]
    command = on_host(host, argv, os.environ)
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise LaunchError(f"{host} does not answer over ssh within {ANSWER_SECONDS} s.") from None
    said = done.stderr.strip().splitlines()
    reason = said[-1] if said else f"exit code {done.returncode}"
    if done.returncode == SSH_FAILED:
        raise LaunchError(f"no ssh to {host} without a password ({reason}): `ssh {host} true` must work.")
    if reason.startswith("Error: "):
        raise LaunchError(f"{host}: {reason.removeprefix('Error: ')}")
    if done.returncode != 0:
        raise LaunchError(f"{host} cannot run nas ({reason}): install it there at the same path, {sys.executable}.")
    return _read(host, done.stdout)


def _read(host: str, text: str) -> Answer:
    try:
        # What a login shell prints comes before.
        said = json.loads(text.strip().splitlines()[-1])
        ports = tuple(map(int, said["ports"]))
        return Answer(float(said["free_bytes"]), said["tensorflow"], said["address"], ports)
    except (IndexError, KeyError, TypeError, ValueError):
        raise LaunchError(f"{host} answers '{text.strip()[-80:]}', which is not what nas says there.") from None


def end_with_caller() -> None:
    """Lets this process end with the connection over which it was started; does nothing in any other process.

    Who started it holds the other end of its standard input: when that one dies, of whatever cause, so does this one.
    """
    if LEASH in os.environ:
        threading.Thread(target=_await_end, name="leash", daemon=True).start()


def _await_end() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(1)
