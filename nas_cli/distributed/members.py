"""Different processes that make one job, without Horovod: workers and servers, on any host; none is left behind."""

import contextlib
import os
import subprocess
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from nas_cli.distributed.hosts import Host
from nas_cli.distributed.job_output import JobOutput, open_log
from nas_cli.distributed.launcher import END_SECONDS, INTERRUPTED, begin_child, environment, processes_of
from nas_cli.distributed.remote import LEASH, on_host
from nas_cli.errors import LaunchError
from nas_cli.runs.interruption import stoppable, unstoppable

LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Member:
    """A process of the job. `serves`: it never ends by itself, and is ended when the others are done. `host`: where it
    runs, None for here; on another one it must call `end_with_caller`."""

    name: str
    argv: Sequence[str]
    serves: bool = False
    host: Host | None = None


def run_members(members: Sequence[Member], log: Path) -> int:
    """Runs all members at once: 0 when those that do not serve have ended well, 130 after Ctrl-C or SIGTERM.

    All output is added to the file `log`. Whatever happens, no process is left.

    Raises:
        LaunchError: what the first member to fail said as its `Error:` line, or that a server has ended.
        ConfigError: the same, where it left with the exit code for a wrong configuration.
        ProcessFailed: it was killed, or ended with a traceback.
    """
    mark = uuid.uuid4().hex
    with open_log(log) as file, stoppable():
        output = JobOutput(file, lambda line: None, names=[member.name for member in members])
        started: list[subprocess.Popen[str]] = []
        readers: list[threading.Thread] = []
        lock = threading.Lock()
        try:
            for number, member in enumerate(members):
                started.append(_start(member, mark))
                readers.append(threading.Thread(target=_read, args=(started[-1], number, output, lock), daemon=True))
                readers[-1].start()
            failed = _watch(members, started)
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            with unstoppable():
                _end(mark, started)
                for reader in readers:
                    reader.join(timeout=END_SECONDS)
        if failed is None:
            return 0
        code = started[failed].returncode
        if code == 0:
            raise LaunchError(f"{members[failed].name} has ended before the others.")
        output.take(f"Process {failed} exit with status code {code if code > 0 else 128 - code}.")
        raise output.error(code, len(members))


def _start(member: Member, mark: str) -> subprocess.Popen[str]:
    given = environment(os.environ, mark)
    elsewhere = member.host is not None and not member.host.is_local
    argv = on_host(member.host.name, member.argv, {**given, LEASH: "1"}) if elsewhere and member.host else member.argv
    return subprocess.Popen(
        list(argv),
        # The other end of a process elsewhere is held open as long as this process lives.
        stdin=subprocess.PIPE if elsewhere else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=given,
        start_new_session=True,
        preexec_fn=begin_child,
        text=True,
        errors="replace",
    )


def _read(process: subprocess.Popen[str], number: int, output: JobOutput, lock: threading.Lock) -> None:
    if process.stdout is not None:
        with process.stdout as lines:
            for line in lines:
                with lock:
                    output.take(f"[{number}]<stderr>:{line}")


def _watch(members: Sequence[Member], started: Sequence[subprocess.Popen[str]]) -> int | None:
    """The number of the first that failed, or None when all that do not serve have ended well."""
    while True:
        codes = [process.poll() for process in started]
        for number, (member, code) in enumerate(zip(members, codes, strict=True)):
            if code is not None and (code != 0 or member.serves):
                return number
        if all(code is not None for member, code in zip(members, codes, strict=True) if not member.serves):
            return None
        time.sleep(LOOK_SECONDS)


def _end(mark: str, started: Sequence[subprocess.Popen[str]]) -> None:
    for process in started:
        if process.stdin is not None:
            process.stdin.close()
        if process.poll() is None:
            process.kill()
    for process in started:
        process.wait()
    # What they have started themselves is found by the mark.
    while left := processes_of(mark):
        for one in left:
            with contextlib.suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(left, timeout=1)
