"""The processes that a coordinator directs over gRPC: workers, which compute, and parameter servers."""

import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from nas_cli.distributed.hosts import Host
from nas_cli.distributed.ports import HERE, address_towards, find_ports
from nas_cli.distributed.remote import ask
from nas_cli.errors import LaunchError

WORKER, SERVER, COORDINATOR = "worker", "ps", "chief"
"""TensorFlow's names of the roles."""
WAIT_SECONDS = 600
LOOK_SECONDS = 0.2

Cluster = Mapping[str, Sequence[str]]
"""Addresses 'host:port' of each role."""


def placed(given: Mapping[Host, int], servers: int) -> dict[str, list[Host]]:
    """The host of each worker and of each server: `given` says how many workers run where; servers take turns on the
    same hosts, in their order."""
    hosts = list(given)
    workers = [host for host, number in given.items() for _ in range(number)]
    return {WORKER: workers, SERVER: [hosts[number % len(hosts)] for number in range(servers)]}


def find_cluster(given: Mapping[Host, int], servers: int, first_port: int | None = None) -> Cluster:
    """Addresses of the coordinator, here, and of workers and servers on their hosts: from `first_port` on, or free.

    Raises:
        LaunchError: one of the ports is taken, or a host does not answer.
    """
    hosts = {role: [_name(host) for host in on] for role, on in placed(given, servers).items()}
    count = Counter([HERE, *hosts[WORKER], *hosts[SERVER]])
    others = [name for name in count if name != HERE]
    ports = {name: iter(ask(name, count[name], first_port).ports) for name in others}
    ports[HERE] = iter(find_ports(count[HERE], first_port))
    # Others must not take our loopback device for theirs.
    mine = {HERE: address_towards(others[0])} if others else {}
    hosts[COORDINATOR] = [HERE]
    return {role: [f"{mine.get(name, name)}:{next(ports[name])}" for name in names] for role, names in hosts.items()}


def hosts_of(cluster: Cluster, role: str) -> list[str]:
    """The host in each address of a role."""
    return [address.rsplit(":", 1)[0] for address in cluster[role]]


def surroundings(cluster: Cluster) -> dict[str, str]:
    """What TensorFlow wants in the environment of a worker of a ParameterServerStrategy, and no proxy between them."""
    hosts = {host for role in cluster for host in hosts_of(cluster, role)}
    return {"GRPC_FAIL_FAST": "use_caller", "no_proxy": ",".join(["localhost", *sorted({HERE, *hosts})])}


def serve(cluster: Cluster, role: str, number: int, threads: int) -> None:
    """Does what the coordinator says, and never returns: who has started the process ends it.

    More threads than `threads` take requests, or a worker that waits for one server would keep others waiting; those
    that compute are the coordinator's to set.

    Raises:
        LaunchError: the port is taken.
    """
    import tensorflow as tf

    served = {role: addresses for role, addresses in cluster.items() if role != COORDINATOR}
    options = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=threads,
        inter_op_parallelism_threads=max(threads, len(cluster[WORKER]) + 1),
    )
    try:
        server = tf.distribute.Server(
            tf.train.ClusterSpec(served), job_name=role, task_index=number, protocol="grpc", config=options
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


def _listens(host: str, port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex((host, port)) == 0


def _name(host: Host) -> str:
    return HERE if host.is_local else host.name
