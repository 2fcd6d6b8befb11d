"""Different processes on this machine as one job: how it ends, and that nothing of it is left."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nas_cli.distributed.job_output import ProcessFailed
from nas_cli.distributed.members import Member, run_members
from nas_cli.errors import ConfigError, LaunchError

FOREVER = "import time\nwhile True: time.sleep(1)"


def member(program: str, serves: bool = False) -> Member:
    return Member("the tested one", [sys.executable, "-c", program], serves)


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No process stays behind, beside those that other tests of this process have left."""
    before = children()
    yield
    assert [one for one in children() if one not in before] == []


def test_servers_are_ended_when_the_others_are_done(tmp_path: Path) -> None:
    assert run_members([member("print('done')"), member(FOREVER, serves=True)], tmp_path / "log") == 0
    assert "the tested one: done" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("program", "serves", "kind", "message"),
    [
        ("import sys; print('Error: bad x.'); sys.exit(1)", False, LaunchError, r"^bad x\.$"),
        ("import sys; print('Error: bad x.'); sys.exit(2)", False, ConfigError, r"^bad x\.$"),
        ("import os; os.kill(os.getpid(), 9)", False, ProcessFailed, "the tested one was killed by signal 9"),
        ("raise ValueError('odd')", True, ProcessFailed, "the tested one ended with exit code 1: ValueError: odd"),
        ("pass", True, LaunchError, "the tested one has ended before the others"),
    ],
)
def test_the_first_failure_ends_all_and_is_one_line(
    tmp_path: Path, program: str, serves: bool, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        run_members([member(FOREVER), member(program, serves)], tmp_path / "log")


def test_ctrl_c_ends_all(tmp_path: Path) -> None:
    def press() -> None:
        while not (tmp_path / "there").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    program = f"import pathlib; pathlib.Path({str(tmp_path / 'there')!r}).touch()\n{FOREVER}"
    assert run_members([member(FOREVER), member(program)], tmp_path / "log") == 130
    presser.join()
