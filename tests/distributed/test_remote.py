"""Processes on other hosts, with a stand-in for ssh that runs them here in an environment of their own."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas_cli.distributed.hosts import Host
from nas_cli.distributed.members import Member, run_members
from nas_cli.distributed.remote import LEASH, ask, on_host
from nas_cli.errors import LaunchError

LEASHED = "from nas_cli.distributed.remote import end_with_caller; end_with_caller(); import time; time.sleep(600)"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in; its last argument is the command, the one before the host."""
    stand_in = tmp_path / "bin" / "ssh"
    stand_in.parent.mkdir()
    say(stand_in, 'for command; do :; done; exec env -i PATH=/usr/bin:/bin HOST=other sh -c "$command"')
    monkeypatch.setenv("PATH", str(stand_in.parent), prepend=os.pathsep)
    return stand_in


def say(stand_in: Path, script: str) -> None:
    stand_in.write_text(f"#!/bin/sh\n{script}\n")
    stand_in.chmod(0o755)


def test_what_nas_needs_goes_with_a_process_and_nothing_else(ssh: Path) -> None:
    program = "import os; print(os.getcwd(), os.environ.get('NAS_DATA_DIR'), os.environ.get('SECRET'))"
    environment = {"NAS_DATA_DIR": "/a b", "SECRET": "x"}
    done = subprocess.run(
        on_host("other", [sys.executable, "-c", program], environment), capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{Path.cwd()} /a b None\n"


def test_a_host_says_what_it_has(ssh: Path) -> None:
    answer = ask("other", 3)
    assert answer.free_bytes > 1e6
    assert len(set(answer.ports)) == 3


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'Permission denied (publickey).' >&2; exit 255", "no ssh to other without a password .*publickey"),
        ("echo 'env: no such file' >&2; exit 127", "other cannot run nas .env: no such file.: install it there"),
        ("echo 'Error: port 1 cannot be had.' >&2; exit 1", r"^other: port 1 cannot be had\.$"),
        ("echo hello", "other answers 'hello', which is not what nas says there"),
    ],
)
def test_a_host_that_cannot_be_used_is_one_line(ssh: Path, script: str, message: str) -> None:
    say(ssh, script)
    with pytest.raises(LaunchError, match=message):
        ask("other")


def test_a_process_elsewhere_ends_with_the_connection() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LEASHED], stdin=subprocess.PIPE, env={**os.environ, LEASH: "1"}
    ) as process:
        time.sleep(0.5)
        assert process.poll() is None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=60) == 1


def test_members_on_other_hosts_are_started_over_ssh(
    ssh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Host, "is_local", property(lambda host: host.name == "localhost"))
    program = "import os; print('on', os.environ.get('HOST', 'this one'))"
    members = [
        Member(f"process {number}", [sys.executable, "-c", program], host=Host(name, 1))
        for number, name in enumerate(("localhost", "other"))
    ]
    assert run_members(members, tmp_path / "log") == 0
    assert sorted((tmp_path / "log").read_text().splitlines()) == ["process 0: on this one", "process 1: on other"]
