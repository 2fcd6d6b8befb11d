"""What is refused before a process is started, and in which words."""

import importlib.machinery
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from nas_cli.distributed import preflight as checks
from nas_cli.distributed.hosts import Host, assigned, parse_hosts
from nas_cli.distributed.preflight import preflight
from nas_cli.distributed.remote import Answer
from nas_cli.errors import LaunchError


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Horovod of which only the files are there, built for the TensorFlow that is installed; its folder."""
    package = tmp_path / "horovod"
    (package / "tensorflow").mkdir(parents=True)
    (package / "tensorflow" / "mpi_lib.so").touch()
    (package / "metadata.json").write_text(json.dumps({"tensorflow": "2.18.1"}))
    spec = importlib.machinery.ModuleSpec("horovod", None, origin=str(package / "__init__.py"))
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(checks.importlib.metadata, "version", lambda name: "2.18.1")
    monkeypatch.setattr(checks, "find_launcher", lambda: "/bin/horovodrun")
    return package


def test_without_hosts_all_run_here_and_too_many_for_the_cores_is_only_said(installed: Path) -> None:
    plan = preflight(3, None, cores=2)
    assert plan.hosts == (Host("localhost", 3),)
    assert "oversubscribed: 3 processes on 2 cores" in plan.notes[0]
    assert preflight(2, None, cores=2).notes == ()


def test_without_a_number_every_slot_gets_a_process(installed: Path) -> None:
    assert preflight(None, "localhost:4", cores=4).processes == 4


def test_hosts_are_filled_in_order() -> None:
    one, two, three = hosts = parse_hosts("one:2, two:3,three:1")
    assert assigned(hosts, 4) == {one: 2, two: 2}
    assert assigned(hosts, 6) == {one: 2, two: 3, three: 1}


@pytest.mark.parametrize("text", ["", "one", "one:0", "one:x", "one:1,", "-oProxyCommand=x:1", "a b:2", "one:1;ls:2"])
def test_what_is_no_list_of_hosts_is_refused(text: str) -> None:
    with pytest.raises(LaunchError, match="must be a host with its number of slots"):
        parse_hosts(text)


@pytest.mark.parametrize(
    ("number", "hosts", "message"),
    [
        (0, None, "-np 0: must be at least 1"),
        (-2, "localhost:1", "-np -2: must be at least 1"),
        (3, "localhost:2", "there are 2 slots"),
        (2, "localhost:1,localhost:1", "localhost is named twice"),
    ],
)
def test_impossible_numbers(installed: Path, number: int, hosts: str | None, message: str) -> None:
    with pytest.raises(LaunchError, match=message):
        preflight(number, hosts, cores=2)


def test_horovod_of_another_tensorflow(installed: Path) -> None:
    (installed / "metadata.json").write_text(json.dumps({"tensorflow": "2.17.0"}))
    with pytest.raises(LaunchError, match="built for TensorFlow 2.17.0, 2.18.1 is installed"):
        preflight(2, None, cores=2)


def test_horovod_without_tensorflow(installed: Path) -> None:
    (installed / "tensorflow" / "mpi_lib.so").unlink()
    with pytest.raises(LaunchError, match="built without TensorFlow"):
        preflight(2, None, cores=2)


def test_no_horovod(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LaunchError, match=r"Horovod is not installed: .*make setup"):
        preflight(2, None, cores=2)


def test_no_horovodrun(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_launcher", lambda: None)
    with pytest.raises(LaunchError, match="horovodrun is neither"):
        preflight(2, None, cores=2)


def test_too_little_memory(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.psutil, "virtual_memory", lambda: SimpleNamespace(available=8e9))
    assert preflight(4, None, cores=4, memory_bytes=1.3e9).processes == 4
    with pytest.raises(LaunchError, match=r"4 processes need about 8.4 GB \(2.1 GB each\), 8.0 GB are free"):
        preflight(4, None, cores=4, memory_bytes=1.5e9)


def test_the_first_host_is_this_one(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "is_local", property(lambda host: host.name == "localhost"))
    with pytest.raises(LaunchError, match=r"the first host, worker, is not this machine.*run folder must be shared"):
        preflight(2, "worker:1,localhost:1", cores=2)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(9e9, "2.18.1", "192.0.2.7"), None),
        (
            Answer(9e9, "2.17.0", "192.0.2.7"),
            r"worker has TensorFlow 2\.17\.0, this machine 2\.18\.1: install the same",
        ),
        (
            Answer(3e9, "2.18.1", "192.0.2.7"),
            r"2 processes need about 3\.2 GB .* 3\.0 GB are free on worker: use a smaller",
        ),
        (Answer(9e9, "2.18.1", "127.0.1.1"), r"worker gives its own name the address 127\.0\.1\.1, and Horovod would"),
        (Answer(9e9, "2.18.1", None), "worker gives its own name the address None"),
    ],
)
def test_other_hosts_have_the_same_tensorflow_memory_enough_and_an_address(
    installed: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, message: str | None
) -> None:
    monkeypatch.setattr(Host, "is_local", property(lambda host: host.name == "localhost"))
    monkeypatch.setattr(checks, "ask", lambda host: answer)
    monkeypatch.setattr(checks, "own_address", lambda: "192.0.2.1")
    monkeypatch.setattr(checks, "collective_here", lambda: "gloo")
    if message is None:
        assert preflight(3, "localhost:1,worker:2", cores=1, memory_bytes=1e9).processes == 3
    else:
        with pytest.raises(LaunchError, match=message):
            preflight(3, "localhost:1,worker:2", cores=1, memory_bytes=1e9)


def test_servers_and_their_workers_need_no_horovod(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: None)
    assert preflight(2, None, cores=2, horovod=False).launcher == ""
