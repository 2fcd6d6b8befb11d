"""Ports of this machine, and the interface and address at which other hosts find it."""

import socket
from contextlib import ExitStack

import psutil

from nas_cli.errors import LaunchError

HERE = "127.0.0.1"
LAST = 65_535
ANY = ""
"""gRPC listens on all addresses of a machine."""


def find_ports(count: int, first: int | None = None) -> list[int]:
    """`count` ports on which nothing listens: from `first` on, or ones that the system gives.

    Raises:
        LaunchError: one of the ports is taken.
    """
    if first is None:
        return _free(count)
    if first + count - 1 > LAST:
        raise LaunchError(f"bench.port={first}: {count} ports from there on go beyond {LAST}, the last.")
    ports = list(range(first, first + count))
    for port in ports:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((ANY, port))
            except OSError as error:
                raise LaunchError(
                    f"port {port} cannot be had ({error.strerror}): give another bench.port, or null for free ones."
                ) from error
    return ports


def address_towards(host: str) -> str:
    """The address of this machine on the interface by which it reaches `host`; nothing is sent.

    Raises:
        LaunchError: no interface leads there, or the name is unknown.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect((host, 9))
        except OSError as error:
            raise LaunchError(f"{host} cannot be reached from here ({error.strerror}).") from error
        return str(asked.getsockname()[0])


def interface_towards(host: str) -> str:
    """The name of that interface, as eth0.

    Raises:
        LaunchError: no interface leads there, or the name is unknown.
    """
    mine = address_towards(host)
    found = psutil.net_if_addrs().items()
    return next(name for name, entries in found if any(entry.address == mine for entry in entries))


def own_address() -> str | None:
    """The address that this machine gives its own name; None if it knows none."""
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return None


def _free(count: int) -> list[int]:
    with ExitStack() as stack:
        # All are open at once: a port that is closed at once may be given again.
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind((ANY, 0))
        return [int(one.getsockname()[1]) for one in taken]
