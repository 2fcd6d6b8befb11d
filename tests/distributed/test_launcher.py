"""How a job is started, what is made of its output, and that nothing of it is left."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas_cli.distributed import launcher
from nas_cli.distributed.hosts import Host
from nas_cli.distributed.job_output import JobOutput, ProcessFailed, open_log
from nas_cli.distributed.launcher import MARK, command, environment, launch, processes_of
from nas_cli.distributed.preflight import Plan
from nas_cli.errors import ConfigError, LaunchError


def test_the_command_names_hosts_processes_and_long_time_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "interface_towards", lambda host: f"towards-{host}")
    plan = Plan(3, (Host("localhost", 1), Host("worker", 2)), "/bin/horovodrun")
    assert command(plan, ["python", "-c", "print('a b')"]) == [
        "/bin/horovodrun", "--gloo", "--gloo-timeout-seconds", "600", "--start-timeout", "600",
        "--network-interfaces", "towards-worker", "-np", "3", "-H", "localhost:1,worker:2",
        "python", "-c", "print('a b')",
    ]  # fmt: skip
    assert "--fusion-threshold-mb" in command(plan, ["python"], same_order=True)


def test_slots_that_are_left_over_are_not_mentioned() -> None:
    """horovodrun begins a process on every slot it is told of."""
    said = command(Plan(3, (Host("localhost", 2), Host("127.0.0.1", 4)), "horovodrun"), ["python"])
    assert said[said.index("-np") + 1 : -1] == ["3", "-H", "localhost:2,127.0.0.1:1"]


def test_what_the_user_has_set_is_not_overridden() -> None:
    assert environment({"TF_CPP_MIN_LOG_LEVEL": "0"}, "mark")["TF_CPP_MIN_LOG_LEVEL"] == "0"
    assert environment({}, "mark") == {"TF_CPP_MIN_LOG_LEVEL": "3", MARK: "mark"}


def output(lines: str, everything: bool = False) -> tuple[JobOutput, str, list[str]]:
    log, shown = io.StringIO(), list[str]()
    made = JobOutput(log, shown.append, everything)
    for line in lines.splitlines(keepends=True):
        made.take(line)
    return made, log.getvalue(), shown


def test_all_is_logged_and_the_first_process_is_shown() -> None:
    lines = "[0]<stdout>:epoch 1\n[1]<stdout>:hidden\n[0]<stderr>:noise\nown words\n"
    _, log, shown = output(lines)
    assert log == "rank 0: epoch 1\nrank 1: hidden\nrank 0: noise\nhorovodrun: own words\n"
    assert shown == ["epoch 1"]
    assert len(output(lines, everything=True)[2]) == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_takes_the_log_but_not_the_reason() -> None:
    shown = list[str]()
    with open_log(Path("/dev/full")) as log:
        made = JobOutput(log, shown.append)
        for line in (
            "[0]<stdout>:epoch 1",
            "[0]<stderr>:Error: the disk is full",
            "Process 0 exit with status code 1.",
        ):
            made.take(line)
    assert shown == ["epoch 1"]
    assert str(made.error(1, 2)) == "the disk is full"


def test_a_log_is_added_to(tmp_path: Path) -> None:
    for text in ("first\n", "second, übrigens\n"):
        with open_log(tmp_path / "log.txt") as log:
            log.write(text)
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == "first\nsecond, übrigens\n"


@pytest.mark.parametrize(
    ("lines", "kind", "message"),
    [
        ("[1]<stderr>:Error: bad x.\nProcess 1 exit with status code 1.\n", LaunchError, "bad x."),
        ("[1]<stderr>:Error: bad x.\nProcess 1 exit with status code 2.\n", ConfigError, "bad x."),
        (
            "[0]<stderr>:Error: another is gone.\nProcess 0 exit with status code 3.\n",
            ProcessFailed,
            "another is gone.",
        ),
        (
            "[1]<stderr>:Traceback\n[1]<stderr>:ValueError: odd\nProcess 1 exit with status code 1.\n"
            "Process 0 exit with status code 137.\n",
            ProcessFailed,
            "process 1 of 2 ended with exit code 1: ValueError: odd; the others were stopped",
        ),
        ("Process 1 exit with status code 137.\n", ProcessFailed, "process 1 of 2 was killed by signal 9, perhaps"),
        ("no interface\n", ProcessFailed, "horovodrun ended with exit code 1: no interface"),
    ],
)
def test_the_first_failure_is_one_line(lines: str, kind: type[Exception], message: str) -> None:
    error = output(lines)[0].error(1, processes=2)
    assert type(error) is kind
    assert str(error).startswith(message)
    assert "\n" not in str(error)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A launcher that, like horovodrun, runs its command in a session of its own, prefixes, and ends with it."""
    script = tmp_path / "horovodrun"
    script.write_text(
        f"#!{sys.executable}\n"
        "import os, signal, subprocess, sys\n"
        "environment = {**os.environ, 'HOROVOD_RANK': '0'}\n"
        "rank = subprocess.Popen(sys.argv[10:], env=environment, start_new_session=True, stdout=subprocess.PIPE)\n"
        "signal.signal(signal.SIGTERM, lambda *_: (rank.kill(), os._exit(1)))\n"
        "for line in rank.stdout:\n"
        "    print('[0]<stdout>:' + line.decode(), end='', flush=True)\n"
        "print(f'Process 0 exit with status code {rank.wait() % 256}.', flush=True)\n"
        "sys.exit(rank.returncode != 0)\n"
    )
    script.chmod(0o755)
    return Plan(1, (Host("localhost", 1),), str(script))


def test_ctrl_c_reaches_the_first_process_which_may_end_in_its_own_way(plan: Plan, tmp_path: Path) -> None:
    shown: list[str] = []

    def show(line: str) -> None:
        shown.append(line)
        if line == "ready":
            os.kill(os.getpid(), signal.SIGINT)

    program = (
        "import time\nprint('ready', flush=True)\n"
        "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('saved', flush=True)\n"
    )
    assert launch(plan, [sys.executable, "-c", program], tmp_path / "log", show) == 130
    assert [shown[0], shown[-1]] == ["ready", "saved"]


def test_ctrl_c_before_there_is_a_first_process_reaches_it_later(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def not_at_first(mark: str) -> bool:
        looked.append(1)
        return len(looked) > 2 and ask(mark)

    def show(line: str) -> None:
        shown.append(line)
        if line == "ready":
            os.kill(os.getpid(), signal.SIGINT)

    ask, shown = launcher._ask_first, list[str]()
    monkeypatch.setattr(launcher, "_ask_first", not_at_first)
    monkeypatch.setattr(launcher, "ASK_SECONDS", 0.01)
    program = (
        "import time\nprint('ready', flush=True)\n"
        "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('saved', flush=True)\n"
    )
    assert launch(plan, [sys.executable, "-c", program], tmp_path / "log", show) == 130
    assert shown[-1] == "saved"
    assert len(looked) == 3


def test_who_looks_after_the_hosts_may_end_the_job(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks: list[str] = []

    def look() -> None:
        if marks:
            raise ProcessFailed("no answer from node2")

    monkeypatch.setattr(launcher, "LOOK_SECONDS", 0.05)
    program = f"import os, time\nprint(os.environ[{MARK!r}], flush=True)\ntime.sleep(60)\n"
    with pytest.raises(ProcessFailed, match="no answer from node2"):
        launch(plan, [sys.executable, "-c", program], tmp_path / "log", marks.append, look=look)
    assert processes_of(marks[0]) == []


def test_nothing_is_left_of_a_job_whose_launcher_dies(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The processes have sessions of their own, so that no signal to a group reaches them."""
    marks: list[str] = []

    def show(line: str) -> None:
        marks.append(line)
        for process in processes_of(line):
            if process.environ().get("HOROVOD_RANK") is None:
                process.kill()

    program = f"import os, time\nprint(os.environ[{MARK!r}], flush=True)\ntime.sleep(60)\n"
    with pytest.raises(LaunchError, match="horovodrun ended with exit code -9"):
        launch(plan, [sys.executable, "-c", program], tmp_path / "log", show)
    assert processes_of(marks[0]) == []


def test_nothing_is_left_when_the_one_who_launched_is_killed(plan: Plan, tmp_path: Path) -> None:
    program = f"import os, time\nprint(os.environ[{MARK!r}], flush=True)\ntime.sleep(60)\n"
    parent = (
        "import sys\nfrom pathlib import Path\nfrom nas_cli.distributed.hosts import Host\n"
        "from nas_cli.distributed.launcher import launch\nfrom nas_cli.distributed.preflight import Plan\n"
        f"plan = Plan(1, (Host('localhost', 1),), {plan.launcher!r})\n"
        f"launch(plan, [sys.executable, '-c', {program!r}], Path({str(tmp_path / 'log')!r}), "
        "lambda line: print(line, flush=True))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    mark = process.stdout.readline().strip()
    assert len(processes_of(mark)) == 2
    process.kill()
    process.communicate()
    limit = time.monotonic() + 30
    while processes_of(mark):
        assert time.monotonic() < limit
        time.sleep(0.05)
