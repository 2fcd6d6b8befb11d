"""The hosts of a job, as the user writes them: name:slots,name:slots."""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from nas_cli.errors import LaunchError

_HOST = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*):([0-9]+)")


@dataclass(frozen=True)
class Host:
    """A machine, and how many processes may run on it."""

    name: str
    slots: int

    @property
    def is_local(self) -> bool:
        """True if the name is one of this machine's; a name that cannot be resolved is not."""
        try:
            address = ipaddress.ip_address(socket.gethostbyname(self.name))
        except (OSError, ValueError):
            return False
        mine = {entry.address for entries in psutil.net_if_addrs().values() for entry in entries}
        return address.is_loopback or str(address) in mine


def parse_hosts(text: str) -> tuple[Host, ...]:
    """The hosts in 'one:4,two:4'; the first ones get processes first.

    Raises:
        LaunchError: a part that is not name:slots, no slots, or a host named twice.
    """
    hosts = []
    for part in text.split(","):
        match = _HOST.fullmatch(part.strip())
        if match is None or int(match[2]) < 1:
            raise LaunchError(f"-H {text}: '{part}' must be a host with its number of slots, e.g. localhost:2.")
        hosts.append(Host(match[1], int(match[2])))
    names = [host.name for host in hosts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise LaunchError(f"-H {text}: {twice} is named twice; give each host once with all its slots.")
    return tuple(hosts)


def written(hosts: Sequence[Host]) -> str:
    """The text that `parse_hosts` reads."""
    return ",".join(f"{host.name}:{host.slots}" for host in hosts)


def assigned(hosts: Sequence[Host], processes: int) -> dict[Host, int]:
    """How many of the processes each host gets, in order; hosts that get none are left out.

    Raises:
        LaunchError: more processes than slots.
    """
    slots = sum(host.slots for host in hosts)
    if processes > slots:
        raise LaunchError(
            f"-np {processes} with -H {written(hosts)}: there are {slots} slots; give more slots or a smaller -np."
        )
    given: dict[Host, int] = {}
    for host in hosts:
        count = min(host.slots, processes - sum(given.values()))
        if count:
            given[host] = count
    return given
