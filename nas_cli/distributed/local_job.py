"""Different processes on this machine that make one job, without Horovod: workers and servers; none is left behind."""

import os
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from nas_cli.distributed.job_output import JobOutput
from nas_cli.distributed.launcher import END_SECONDS, INTERRUPTED, begin_child, environment, processes_of
from nas_cli.errors import LaunchError
from nas_cli.runs.interruption import stoppable, unstoppable

LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Member:
    """A process of the job. `serves`: it never ends by itself, and is ended when the others are done."""

    name: str
    argv: Sequence[str]
    serves: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


def run_here(members: Sequence[Member], log: Path) -> int:
    """Runs all members at once: 0 when those that do not serve have ended well, 130 after Ctrl-C or SIGTERM.

    All output is added to the file `log`. Whatever happens, no process is left.

    Raises:
        LaunchError: what the first member to fail said as its `Error:` line, or that a server has ended.
        ConfigError: the same, where it left with the exit code for a wrong configuration.
        ProcessFailed: it was killed, or ended with a traceback.
    """
    mark = uuid.uuid4().hex
    with log.open("a", encoding="utf-8", errors="replace") as file, stoppable():
        output = JobOutput(file, lambda line: None)
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
    return subprocess.Popen(
        list(member.argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment(os.environ, mark), **member.variables},
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
        if process.poll() is None:
            process.kill()
    for process in started:
        process.wait()
    # What they have started themselves is found by the mark.
    while left := processes_of(mark):
        for one in left:
            one.kill()
        psutil.wait_procs(left, timeout=1)
