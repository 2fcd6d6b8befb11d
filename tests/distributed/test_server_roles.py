"""Where workers and parameter servers run, and at which addresses."""

import pytest

from nas_cli.distributed import server_roles
from nas_cli.distributed.hosts import Host
from nas_cli.distributed.ports import HERE
from nas_cli.distributed.remote import Answer
from nas_cli.distributed.server_roles import find_cluster, hosts_of, placed, surroundings

LOCAL, OTHER = Host("localhost", 4), Host("192.0.2.7", 4)


def test_every_process_has_an_address_of_its_own() -> None:
    cluster = find_cluster({LOCAL: 3}, 2)
    assert {role: len(addresses) for role, addresses in cluster.items()} == {"worker": 3, "ps": 2, "chief": 1}
    addresses = [address for role in cluster.values() for address in role]
    assert len(set(addresses)) == 6
    assert all(address.startswith(f"{HERE}:") for address in addresses)


def test_servers_take_turns_on_the_hosts_of_the_workers() -> None:
    assert placed({LOCAL: 2, OTHER: 1}, 3) == {"worker": [LOCAL, LOCAL, OTHER], "ps": [LOCAL, OTHER, LOCAL]}


def test_other_hosts_are_asked_for_ports_and_told_the_address_at_which_they_find_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def ask(host: str, ports: int, first: int | None) -> Answer:
        asked.append((host, ports, first))
        return Answer(1e9, "2.18.1", OTHER.name, (7001, 7002))

    monkeypatch.setattr(server_roles, "ask", ask)
    monkeypatch.setattr(server_roles, "address_towards", lambda host: "192.0.2.1")
    cluster = find_cluster({LOCAL: 1, OTHER: 1}, 2)
    assert asked == [(OTHER.name, 2, None)]
    assert hosts_of(cluster, "worker") == hosts_of(cluster, "ps") == ["192.0.2.1", OTHER.name]
    assert hosts_of(cluster, "chief") == ["192.0.2.1"]
    assert (cluster["worker"][1], cluster["ps"][1]) == ("192.0.2.7:7001", "192.0.2.7:7002")
    assert surroundings(cluster)["no_proxy"] == f"localhost,{HERE},192.0.2.1,192.0.2.7"
