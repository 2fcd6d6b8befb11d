"""Ports that are free, and those that are not."""

import socket

import pytest

from nas_cli.distributed.ports import HERE, address_towards, find_ports, interface_towards
from nas_cli.errors import LaunchError


def test_free_ports_differ() -> None:
    assert len(set(find_ports(20))) == 20


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind((HERE, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LaunchError, match=f"port {port} cannot be had .*: give another bench.port"):
            find_ports(2, port)
    assert find_ports(1, port) == [port]
    with pytest.raises(LaunchError, match="go beyond 65535"):
        find_ports(3, 65_534)


def test_the_way_to_oneself_is_the_loopback_device() -> None:
    assert address_towards("localhost") == HERE
    assert interface_towards("localhost") == "lo"
    with pytest.raises(LaunchError, match="no-such-host.invalid cannot be reached"):
        address_towards("no-such-host.invalid")
