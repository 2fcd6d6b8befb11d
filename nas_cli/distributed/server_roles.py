"""The processes that a coordinator directs over gRPC: workers, which compute, and parameter servers."""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from nas_cli.errors import LaunchError

HERE = "127.0.0.1"
WORKER, SERVER = "worker", "ps"
"""TensorFlow's names of the roles."""
WAIT_SECONDS = 600
LOOK_SECONDS = 0.2

SURROUNDINGS = {"GRPC_FAIL_FAST": "use_caller", "no_proxy": "localhost,127.0.0.1"}
"""What TensorFlow wants of a worker of a ParameterServerStrategy, and no proxy between processes of one machine."""

Cluster = Mapping[str, Sequence[str]]
"""Addresses 'host:port' of each role."""


def local_cluster(workers: int, servers: int, first_port: int | None = None) -> Cluster:
    """Addresses on this machine: from `first_port` on, or ports that are free.

    Raises:
        LaunchError: one of the ports is taken.
    """
    count = workers + servers
    ports = _free_ports(count) if first_port is None else _checked(range(first_port, first_port + count))
    addresses = [f"{HERE}:{port}" for port in ports]
    return {WORKER: addresses[:workers], SERVER: addresses[workers:]}


def serve(cluster: Cluster, role: str, number: int, threads: int) -> None:
    """Does what the coordinator says, and never returns: who has started the process ends it.

    More threads than `threads` take requests, or a worker that waits for one server would keep others waiting.

    Raises:
        LaunchError: the port is taken.
    """
    import tensorflow as tf

    options = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=threads,
        inter_op_parallelism_threads=max(threads, len(cluster[WORKER]) + 1),
    )
    try:
        server = tf.distribute.Server(
            tf.train.ClusterSpec(cluster), job_name=role, task_index=number, protocol="grpc", config=options
        )
    except tf.errors.OpError as error:
        address = cluster[role][number]
        raise LaunchError(
            f"{role} {number} cannot listen on {address} (is the port taken?): give another bench.port."
        ) from error
    server.join()


def await_cluster(cluster: Cluster) -> None:
    """Returns when every process of the cluster listens.

    Raises:
        LaunchError: one does not within ten minutes.
    """
    limit = time.monotonic() + WAIT_SECONDS
    for address in (*cluster[WORKER], *cluster[SERVER]):
        host, port = address.rsplit(":", 1)
        while not _listens(host, int(port)):
            if time.monotonic() > limit:
                raise LaunchError(f"nothing listens on {address} after {WAIT_SECONDS} s: see the log of the run.")
            time.sleep(LOOK_SECONDS)


def note_pid(folder: Path, role: str, number: int) -> None:
    """Leaves the number of this process for the coordinator's accounts."""
    (folder / f"pid-{role}-{number}").write_text(str(os.getpid()), encoding="utf-8")


def noted_pids(folder: Path) -> list[int]:
    """The processes of the job that have begun."""
    return [int(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("pid-*"))]


def _listens(host: str, port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex((host, port)) == 0


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        # All are open at once: a port that is closed at once may be given again.
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind((HERE, 0))
        return [int(one.getsockname()[1]) for one in taken]


def _checked(ports: range) -> list[int]:
    if ports[-1] > 65_535:
        raise LaunchError(f"bench.port={ports[0]}: {len(ports)} ports from there on go beyond 65535, the last.")
    for port in ports:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((HERE, port))
            except OSError as error:
                raise LaunchError(
                    f"port {port} cannot be had ({error.strerror}): give another bench.port, or null for free ones."
                ) from error
    return list(ports)
