"""Addresses of parameter servers and their workers."""

import socket

import pytest

from nas_cli.distributed.server_roles import HERE, local_cluster
from nas_cli.errors import LaunchError


def test_every_process_has_an_address_of_its_own() -> None:
    cluster = local_cluster(3, 2)
    assert (len(cluster["worker"]), len(cluster["ps"])) == (3, 2)
    assert len({*cluster["worker"], *cluster["ps"]}) == 5


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind((HERE, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LaunchError, match=f"port {port} cannot be had .*: give another bench.port"):
            local_cluster(1, 1, port)
    with pytest.raises(LaunchError, match="go beyond 65535"):
        local_cluster(4, 1, 65_534)
