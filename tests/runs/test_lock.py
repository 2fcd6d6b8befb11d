import os
import subprocess
import sys
from pathlib import Path

import pytest

from nas_cli.errors import RunError
from nas_cli.runs.lock import RunLock

SECOND = """
import sys
from pathlib import Path
from nas_cli.errors import RunError
from nas_cli.runs.lock import RunLock
try:
    with RunLock(Path(sys.argv[1])):
        print("got it")
except RunError as error:
    print(error)
"""


def second_process(path: Path) -> str:
    done = subprocess.run([sys.executable, "-c", SECOND, str(path)], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with RunLock(tmp_path / "lock"):
        assert f"is in use by process {os.getpid()}" in second_process(tmp_path / "lock")
    assert second_process(tmp_path / "lock") == "got it\n"


def test_a_second_lock_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with RunLock(tmp_path / "lock"), pytest.raises(RunError, match="in use"):
        RunLock(tmp_path / "lock").acquire()


def test_a_lock_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot write"):
        RunLock(tmp_path / "no" / "lock").acquire()
