"""Two hosts that this machine plays: network namespaces joined by a pair of virtual Ethernet devices."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nas_cli.errors import LaunchError
from nas_cli.runs.interruption import stoppable, unstoppable

ADDRESSES = ("10.231.77.1", "10.231.77.2")
DEVICE = "eth0"
"""The same name on both hosts, as Horovod wants it."""
BURST, QUEUE = "256kb", "50ms"
"""Of the token bucket: what may go at once (a segment has up to 64 KB before it is cut), how long a packet waits."""
END_SECONDS = 60

NAMES = Path("/etc/netns")
"""`ip netns exec` shows a namespace the files in its folder here instead of those in /etc."""

SSH = """#!/bin/sh
# Stands in for ssh: a host is the namespace with that address, and gets nothing of the environment here.
while :; do case "$1" in -o | -p | -i) shift 2 ;; -*) shift ;; *) break ;; esac; done
case "$1" in
@HOSTS@
  *) echo "ssh: connect to host $1: No route to host" >&2; exit 255 ;;
esac
ip -n "$space" link show @DEVICE@ | grep -q "state UP" || {
  echo "ssh: connect to host $1: No route to host" >&2; exit 255
}
shift
while :; do case "$1" in -o | -p | -i) shift 2 ;; *) break ;; esac; done
exec ip netns exec "$space" env -i HOME="$HOME" PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "$*"
"""


class TwoNamespaces:
    """Made by `two_namespaces`; `spaces` are their names, the first one's host is where jobs begin."""

    def __init__(self, spaces: Sequence[str], tools: Path) -> None:
        self._spaces, self._tools = spaces, tools

    def limit(self, mbit_s: int) -> None:
        """Lets each direction carry so much, frames included."""
        for space in self._spaces:
            words = f"qdisc replace dev {DEVICE} root tbf rate {mbit_s}mbit burst {BURST} latency {QUEUE}"
            _do("tc", "-n", space, *words.split())

    def cut(self) -> None:
        """Takes the cable out of the second host, on which everything goes on."""
        _do("ip", "-n", self._spaces[1], "link", "set", DEVICE, "down")

    def switch_off(self) -> None:
        """Ends the second host with all its processes, of whose end nothing is heard over the network."""
        self.cut()
        _kill_all(self._spaces[1])

    def run(self, argv: Sequence[str]) -> int:
        """The exit code of a command on the first host, where ssh leads to the other; it ends with this process."""
        path = os.pathsep.join([str(self._tools), os.environ.get("PATH", "")])
        command = ["ip", "netns", "exec", self._spaces[0], *argv]
        with subprocess.Popen(command, env={**os.environ, "PATH": path}, start_new_session=True) as process:
            try:
                return process.wait()
            except KeyboardInterrupt:
                with unstoppable(), contextlib.suppress(subprocess.TimeoutExpired):
                    process.terminate()
                    process.wait(END_SECONDS)
                raise


@contextmanager
def two_namespaces() -> Iterator[TwoNamespaces]:
    """Two hosts that are gone at the end with all their processes, however it comes.

    Raises:
        LaunchError: this is not Linux, the user not root, or a tool is missing.
    """
    check()
    spaces = tuple(f"nas-{os.getpid()}-{end}" for end in "ab")
    with stoppable(), tempfile.TemporaryDirectory(prefix="nas-ssh-") as tools:
        try:
            _join(spaces)
            _name(spaces)
            yield TwoNamespaces(spaces, _stand_in(Path(tools), spaces))
        finally:
            with unstoppable():
                _remove(spaces)


def check() -> None:
    """
    Raises:
        LaunchError: this is not Linux, the user not root, or a tool is missing.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise LaunchError("two hosts are played by network namespaces: run this on Linux as root (sudo).")
    for tool in ("ip", "tc"):
        if shutil.which(tool) is None:
            raise LaunchError(f"'{tool}' is missing: install iproute2.")


def _join(spaces: Sequence[str]) -> None:
    for space in spaces:
        _do("ip", "netns", "add", space)
    here, there = spaces
    _do("ip", "-n", here, "link", "add", DEVICE, "type", "veth", "peer", "name", DEVICE, "netns", there)
    for space, address in zip(spaces, ADDRESSES, strict=True):
        _do("ip", "-n", space, "address", "add", f"{address}/24", "dev", DEVICE)
        for device in ("lo", DEVICE):
            _do("ip", "-n", space, "link", "set", device, "up")


def _name(spaces: Sequence[str]) -> None:
    """On each host its own name has the address that the other one finds it at: Horovod takes that."""
    for space, address in zip(spaces, ADDRESSES, strict=True):
        folder = NAMES / space
        folder.mkdir(parents=True)
        (folder / "hosts").write_text(f"127.0.0.1 localhost\n{address} {socket.gethostname()}\n", encoding="utf-8")


def _stand_in(tools: Path, spaces: Sequence[str]) -> Path:
    hosts = [f"  {address}) space={space} ;;" for address, space in zip(ADDRESSES, spaces, strict=True)]
    ssh = tools / "ssh"
    ssh.write_text(SSH.replace("@HOSTS@", "\n".join(hosts)).replace("@DEVICE@", DEVICE), encoding="utf-8")
    ssh.chmod(0o755)
    return tools


def _remove(spaces: Sequence[str]) -> None:
    """Ends what is left in the namespaces, and removes them; their devices go with them."""
    for space in spaces:
        _kill_all(space)
        _said("ip", "netns", "delete", space)
        shutil.rmtree(NAMES / space, ignore_errors=True)


def _kill_all(space: str) -> None:
    while left := _said("ip", "netns", "pids", space).split():
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.05)


def _do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LaunchError(f"`{' '.join(command)}`: {' '.join(done.stderr.split())}.")


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
