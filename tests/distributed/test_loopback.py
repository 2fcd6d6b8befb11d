"""A ring of connections: bytes arrive in order, processes wait for one another, and who is missing is named in time."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from nas_cli.distributed.loopback import LoopbackRing
from nas_cli.distributed.ports import HERE, find_ports
from nas_cli.errors import LaunchError


def together(processes: int, work: Callable[[LoopbackRing], Any]) -> list[Any]:
    """What `work` gives in each of so many rings."""
    addresses = [f"{HERE}:{port}" for port in find_ports(processes)]
    found: dict[int, Any] = {}

    def run(rank: int) -> None:
        with LoopbackRing(rank, addresses) as ring:
            found[rank] = work(ring)

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(processes)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return [found[rank] for rank in range(processes)]


def test_each_gets_what_the_one_before_has_sent() -> None:
    """More bytes than any buffer of the system holds: who only sent first would wait forever."""
    size = 20_000_000

    def work(ring: LoopbackRing) -> tuple[int, int]:
        received = bytearray(size)
        ring.shift(memoryview(bytes([ring.rank + 1]) * size), memoryview(received))
        return received[0], received.count(received[0])

    assert together(3, work) == [(3, size), (1, size), (2, size)]


def test_each_hears_what_all_say() -> None:
    def work(ring: LoopbackRing) -> Any:
        ring.barrier()
        return ring.gather({"rank": ring.rank, "long": "x" * 5000 * ring.rank})

    for said in together(4, work):
        assert [(one["rank"], len(one["long"])) for one in said] == [(i, 5000 * i) for i in range(4)]


def test_a_port_that_is_taken_is_named() -> None:
    def work(ring: LoopbackRing) -> str:
        port = find_ports(1)[0]
        address = f"{HERE}:{port}"
        import socket

        with socket.socket() as taken:
            taken.bind((HERE, port))
            taken.listen()
            with pytest.raises(LaunchError) as refused:
                LoopbackRing(0, [address, address], wait_seconds=1)
            return str(refused.value).replace(address, "ADDRESS")

    assert together(1, work) == [
        "ADDRESS cannot be had (Address already in use): give another bench.port, or null for free ones."
    ]


def test_a_neighbour_that_never_comes_is_waited_for_only_so_long() -> None:
    first, second = (f"{HERE}:{port}" for port in find_ports(2))
    with pytest.raises(LaunchError, match=f"nobody answers at {second}"):
        LoopbackRing(0, [first, second], wait_seconds=0.2)


def test_a_neighbour_that_leaves_is_missed() -> None:
    def work(ring: LoopbackRing) -> str:
        if ring.rank == 1:
            return ""
        with pytest.raises(LaunchError) as refused:
            ring.barrier()
        return str(refused.value)

    assert together(2, work)[0].startswith("a neighbour of process 0 is gone")
