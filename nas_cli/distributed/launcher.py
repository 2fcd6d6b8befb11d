"""Starts the processes of a job with horovodrun, and leaves none behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from nas_cli.distributed.collective import arguments, variables
from nas_cli.distributed.hosts import assigned
from nas_cli.distributed.job_output import JobOutput, open_log
from nas_cli.distributed.ports import interface_towards
from nas_cli.distributed.preflight import Plan
from nas_cli.distributed.ring import RANK
from nas_cli.runs.interruption import stoppable, unstoppable

MARK = "NAS_LAUNCH"
"""Environment variable with the number of the launch: by it all its processes are found, whatever started them."""

WAIT_SECONDS = 600
"""So long processes wait for one that has not started, or that no longer answers because it is stopped or its machine
is gone; then the job ends with an error. One that lives but hangs in its own code still answers, and keeps the others
waiting until Ctrl-C: the stall check of Horovod 0.28.1 (--stall-check-shutdown-time-seconds) never acts over gloo."""
STOP_SECONDS = 60
"""So long may rank 0 take, after Ctrl-C, to bring all processes to a common end."""
ASK_SECONDS = 0.5
"""So often rank 0 is looked for after Ctrl-C, until it is there."""
END_SECONDS = 15

LOOK_SECONDS = 30
"""So often a job's hosts are looked after: the processes of the others notice one that is cut off by the time-out."""

INTERRUPTED = 130

SETTINGS = {"TF_CPP_MIN_LOG_LEVEL": "3"}
"""Defaults for the processes."""


def launch(
    plan: Plan,
    argv: Sequence[str],
    log: Path,
    show: Callable[[str], None] = lambda line: None,
    *,
    same_order: bool = False,
    debug: bool = False,
    further: Mapping[str, str] | None = None,
    look: Callable[[], None] | None = None,
) -> int:
    """Runs `argv` in every process of the plan: 0 when all have ended well, 130 after Ctrl-C or SIGTERM.

    All output is added to the file `log`; what rank 0 writes to its standard output (`debug`: everything) also goes to
    `show`, by line.
    After Ctrl-C rank 0 gets a SIGINT and leads the others to the end; those that do not end in time are killed.
    `same_order`: sums over processes are always formed in the same order, at some cost. `further`: environment
    variables of the processes. `look` is called now and then, and ends the job with what it raises.

    Raises:
        LaunchError: what the first process to fail said as its `Error:` line; all others have been ended.
        ConfigError: the same, where it left with the exit code for a wrong configuration.
        ProcessFailed: it was killed, or ended with a traceback.
    """
    mark = uuid.uuid4().hex
    with open_log(log) as file, stoppable():
        output = JobOutput(file, show, debug)
        process = subprocess.Popen(
            command(plan, argv, same_order),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**variables(plan.collective), **environment(os.environ, mark), **(further or {})},
            start_new_session=True,
            preexec_fn=begin_child,
            text=True,
            errors="replace",
        )
        reader = threading.Thread(target=_read, args=(process, output), name="job output", daemon=True)
        reader.start()
        interrupted = False
        try:
            _wait(process, output, look)
        except KeyboardInterrupt:
            interrupted = True
            show("stopping all processes; Ctrl-C again to stop at once")
            _ask_to_stop(process, mark)
        finally:
            with unstoppable():
                _end(process, mark)
                reader.join(timeout=END_SECONDS)
    if interrupted:
        return INTERRUPTED
    if process.returncode != 0:
        raise output.error(process.returncode, plan.processes)
    return 0


def command(plan: Plan, argv: Sequence[str], same_order: bool = False) -> list[str]:
    """The arguments of horovodrun; the default time-outs of 30 s are too short for many imports on few cores."""
    # Horovod fills all slots that it is told of, whatever the number of processes.
    given = assigned(plan.hosts, plan.processes)
    hosts = ",".join(f"{host.name}:{number}" for host, number in given.items())
    options, argv = arguments(plan.collective, WAIT_SECONDS, argv)
    options += ["--start-timeout", str(WAIT_SECONDS)]
    others = [host.name for host in plan.hosts if not host.is_local]
    # Horovod's own search takes the loopback device for a way to the others, for all hosts have one.
    options += ["--network-interfaces", interface_towards(others[0])] if others else []
    # Tensors that happen to wait together are joined, and then the order of a sum depends on a tensor's place.
    options += ["--fusion-threshold-mb", "0"] if same_order else []
    return [plan.launcher, *options, "-np", str(plan.processes), "-H", hosts, *argv]


def environment(given: Mapping[str, str], mark: str) -> dict[str, str]:
    """The environment of horovodrun, which passes it on to every process."""
    return {**SETTINGS, **given, MARK: mark}


def processes_of(mark: str) -> list[psutil.Process]:
    """All living processes of a launch on this machine, horovodrun included."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _wait(process: subprocess.Popen[str], output: JobOutput, look: Callable[[], None] | None) -> None:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(None if look is None else LOOK_SECONDS)
            return
        # A job that is ending already has its reason.
        if look is not None and output.failed is None:
            look()


def _read(process: subprocess.Popen[str], output: JobOutput) -> None:
    if process.stdout is not None:
        with process.stdout as lines:
            for line in lines:
                output.take(line)


def _ask_to_stop(process: subprocess.Popen[str], mark: str) -> None:
    """Sends Ctrl-C on to rank 0, which may not be there yet, and waits for the end; a second Ctrl-C ends that."""
    limit = time.monotonic() + STOP_SECONDS
    asked = False
    with contextlib.suppress(KeyboardInterrupt):
        while process.poll() is None and (left := limit - time.monotonic()) > 0:
            asked = asked or _ask_first(mark)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(left if asked else min(left, ASK_SECONDS))


def _ask_first(mark: str) -> bool:
    """True if there was a process of rank 0 to send a SIGINT to."""
    found = False
    for one in processes_of(mark):
        with contextlib.suppress(psutil.Error, OSError):
            if one.environ().get(RANK) == "0":
                one.send_signal(signal.SIGINT)
                found = True
    return found


def _end(process: subprocess.Popen[str], mark: str) -> None:
    """Ends what is left: horovodrun first, which ends remote processes too, then whatever it left."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
    # A process that has just been started may have no environment to be found by yet.
    while left := processes_of(mark):
        for one in left:
            with contextlib.suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(left, timeout=1)
        time.sleep(0.05)
    process.wait()


def begin_child() -> None:
    """Runs in the new process: it gets a SIGTERM when this one dies, of whatever cause, and then ends all others."""
    # A shell's background jobs ignore Ctrl-C, and so would all their children.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
