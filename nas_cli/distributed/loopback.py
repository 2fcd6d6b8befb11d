"""Processes of one machine in a ring of TCP connections over the loopback device, which only move bytes."""

import contextlib
import json
import select
import socket
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import final

from nas_cli.distributed.ring import JSON
from nas_cli.errors import LaunchError

CONNECT_SECONDS = 60
"""So long a neighbour may take to listen; all have started when the ring is made."""
SILENT_SECONDS = 120
PAUSE_SECONDS = 0.05
AT_ONCE = 1 << 20
"""Bytes of one send: what loopback takes at once is of this order, and between two of them there is time to receive."""


@final
class LoopbackRing:
    """Process `rank` of those that listen at `addresses` (host:port); it sends to the next, and hears the one before.

    One thread sends and receives in turn: with as many processes as cores there is no core for a second.
    """

    def __init__(self, rank: int, addresses: Sequence[str], wait_seconds: float = CONNECT_SECONDS) -> None:
        """
        Raises:
            LaunchError: the address is taken, or a neighbour does not come within `wait_seconds`.
        """
        self.rank, self.size = rank, len(addresses)
        following = addresses[(rank + 1) % self.size]
        limit = time.monotonic() + wait_seconds
        with _listening(addresses[rank]) as listening:
            self._next = _connected(following, limit)
            listening.settimeout(max(PAUSE_SECONDS, limit - time.monotonic()))
            try:
                self._before, _ = listening.accept()
            except OSError as error:
                self._next.close()
                before = (rank - 1) % self.size
                raise LaunchError(
                    f"process {before} has not come to {addresses[rank]} within {wait_seconds:g} s: see the log."
                ) from error
        for one in (self._next, self._before):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.setblocking(False)

    def __enter__(self) -> "LoopbackRing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._next.close()
        self._before.close()

    def shift(self, send: memoryview, receive: memoryview) -> None:
        """Sends all of `send` on while it fills `receive`: the traffic of a ring all-reduce without its arithmetic.

        Raises:
            LaunchError: a neighbour is gone, or silent for two minutes.
        """
        sent = received = 0
        while sent < len(send) or received < len(receive):
            moved = 0
            try:
                if sent < len(send):
                    sent += (gone := _some(self._next.send, send[sent : sent + AT_ONCE]))
                    moved += gone
                if received < len(receive):
                    received += (come := _some(self._before.recv_into, receive[received:], ends=True))
                    moved += come
            except OSError as error:
                raise LaunchError(f"a neighbour of process {self.rank} is gone ({error.strerror or error}).") from error
            if not moved:
                self._await(sent < len(send), received < len(receive))

    def barrier(self) -> None:
        """Returns when all processes have called it."""
        for _ in range(self.size - 1):
            self.shift(memoryview(b"\n"), memoryview(bytearray(1)))

    def gather(self, value: JSON) -> list[JSON]:
        """The values that all processes have given, by rank, on every one of them."""
        values = {self.rank: value}
        for step in range(self.size - 1):
            mine = json.dumps(values[(self.rank - step) % self.size]).encode()
            head = bytearray(8)
            self.shift(memoryview(len(mine).to_bytes(8, "big")), memoryview(head))
            theirs = bytearray(int.from_bytes(head, "big"))
            self.shift(memoryview(mine), memoryview(theirs))
            values[(self.rank - step - 1) % self.size] = json.loads(theirs)
        return [values[rank] for rank in range(self.size)]

    def _await(self, to_send: bool, to_receive: bool) -> None:
        readable, writable, _ = select.select(
            [self._before] if to_receive else [], [self._next] if to_send else [], [], SILENT_SECONDS
        )
        if not readable and not writable:
            raise LaunchError(f"the neighbours of process {self.rank} are silent for {SILENT_SECONDS} s.")


def _some(move: Callable[[memoryview], int], data: memoryview, ends: bool = False) -> int:
    """Bytes that could be moved without waiting; with `ends` none at all means that the other end has closed."""
    try:
        count = move(data)
    except (BlockingIOError, InterruptedError):
        return 0
    if ends and count == 0:
        raise ConnectionResetError("connection closed")
    return count


def _listening(address: str) -> socket.socket:
    host, port = address.rsplit(":", 1)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, int(port)))
        made.listen()
    except OSError as error:
        made.close()
        raise LaunchError(
            f"{address} cannot be had ({error.strerror}): give another bench.port, or null for free ones."
        ) from error
    return made


def _connected(address: str, limit: float) -> socket.socket:
    host, port = address.rsplit(":", 1)
    while True:
        with contextlib.suppress(OSError):
            return socket.create_connection((host, int(port)), timeout=max(PAUSE_SECONDS, limit - time.monotonic()))
        if time.monotonic() > limit:
            raise LaunchError(f"nobody answers at {address}: a process has not started, or loopback is blocked.")
        time.sleep(PAUSE_SECONDS)
