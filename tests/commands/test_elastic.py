"""--min-np: when a job goes on without what was lost, with what, and when it does not."""

import contextlib
import importlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.commands import elastic
from nas_cli.commands.elastic import LOSSES, Elastic, without
from nas_cli.commands.parallel import Processes, _wanted
from nas_cli.distributed.hosts import Host, parse_hosts
from nas_cli.distributed.job_output import ProcessFailed
from nas_cli.distributed.preflight import Plan
from nas_cli.distributed.remote import Answer
from nas_cli.errors import ConfigError, LaunchError, RunError
from nas_cli.runs.folder import RunFolder, create_run
from tests.commands.test_parallel import NAS, TINY, begin, epochs, events, nas, needs_horovod, processes

KILLED = ProcessFailed("process 1 of 2 was killed by signal 9; the others were stopped", 1)
HOSTS = "localhost:2,node2:2,node3:1"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that has begun."""
    folder = create_run(tmp_path / "run", {"command": "train"}, {})
    write(folder, "start")
    return folder


def write(run: RunFolder, *kinds: str) -> None:
    with run.journal() as journal:
        for kind in kinds:
            journal.append({"event": kind})


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of hosts that do not answer."""
    names: set[str] = set()

    def ask(host: str) -> Answer:
        if host in names:
            raise LaunchError(f"{host} does not answer.")
        return Answer(1e9, None, None)

    monkeypatch.setattr(elastic, "ask", ask)
    return names


class Jobs:
    """A launcher whose jobs do, one after the other, what `outcomes` say."""

    def __init__(self, *outcomes: Callable[[], int]) -> None:
        self.left = list(outcomes)
        self.plans: list[Plan] = []

    def __call__(self, plan: Plan) -> int:
        self.plans.append(plan)
        return self.left.pop(0)()

    @property
    def shown(self) -> list[tuple[int, str]]:
        return [(plan.processes, ",".join(f"{host.name}:{host.slots}" for host in plan.hosts)) for plan in self.plans]


def check(number: int, hosts: str) -> Plan:
    return Plan(number, parse_hosts(hosts), "horovodrun")


def made(run: RunFolder, hosts: str, number: int, least: int, said: list[str] | None = None) -> Elastic:
    note = said.append if said is not None else lambda line: None
    return Elastic(run, parse_hosts(hosts), number, least, check, note)


def dies(error: Exception = KILLED, before: Callable[[], object] = lambda: None) -> Callable[[], int]:
    def outcome() -> int:
        before()
        raise error

    return outcome


def ends() -> int:
    return 0


def test_a_lost_process_is_replaced_while_its_host_answers(run: RunFolder, gone: set[str]) -> None:
    said: list[str] = []
    jobs = Jobs(dies(before=lambda: write(run, "epoch")), ends)
    assert made(run, HOSTS, 5, 3, said).carry_on(check(5, HOSTS), jobs) == 0
    assert jobs.shown == [(5, HOSTS), (5, HOSTS)]
    assert said == [str(KILLED), f"going on from the last checkpoint: 5 of 5 processes on {HOSTS}"]


def test_a_lost_host_is_left_out_and_may_come_back(run: RunFolder, gone: set[str]) -> None:
    def lose() -> None:
        write(run, "epoch")
        gone.add("node2")

    def find() -> None:
        write(run, "epoch")
        gone.clear()

    said: list[str] = []
    jobs = Jobs(dies(before=lose), dies(before=find), ends)
    assert made(run, HOSTS, 5, 3, said).carry_on(check(5, HOSTS), jobs) == 0
    assert jobs.shown == [(5, HOSTS), (3, "localhost:2,node3:1"), (5, HOSTS)]
    assert "left out: node2 does not answer." in said
    first, second = (event for event in run.events() if event["event"] == "restart")
    assert (first["processes"], first["hosts"], first["lost"]) == (3, "localhost:2,node3:1", ["node2"])
    assert (second["processes"], second["lost"], second["reason"]) == (5, [], str(KILLED))


def test_a_host_to_spare_stands_in_for_a_lost_one(run: RunFolder, gone: set[str]) -> None:
    gone.add("node2")
    jobs = Jobs(dies(), ends)
    made(run, "localhost:2,node2:2,node3:2", 4, 4).carry_on(check(4, "localhost:2,node2:2"), jobs)
    assert jobs.shown[1] == (4, "localhost:2,node3:2")


def test_too_few_slots_end_the_run_with_the_reason(run: RunFolder, gone: set[str]) -> None:
    gone.update(("node2", "node3"))
    with pytest.raises(ProcessFailed, match=r"signal 9.*; 2 of 5 processes could go on, fewer than --min-np 3"):
        made(run, HOSTS, 5, 3).carry_on(check(5, HOSTS), Jobs(dies()))
    assert [event["event"] for event in run.events()] == ["start"]


def test_a_job_that_is_lost_again_and_again_ends_and_tries_one_process_less_first(
    run: RunFolder, gone: set[str]
) -> None:
    jobs = Jobs(*[dies()] * LOSSES)
    with pytest.raises(ProcessFailed, match="3 times in a row, and nothing done in between"):
        made(run, "localhost:3", 3, 1).carry_on(check(3, "localhost:3"), jobs)
    assert [plan.processes for plan in jobs.plans] == [3, 3, 2]


def test_every_epoch_in_between_gives_new_patience(run: RunFolder, gone: set[str]) -> None:
    def epoch() -> None:
        write(run, "resume", "epoch")

    jobs = Jobs(*[dies(before=epoch)] * 5, ends)
    assert made(run, "localhost:2", 2, 1).carry_on(check(2, "localhost:2"), jobs) == 0
    assert [plan.processes for plan in jobs.plans] == [2] * 6


def test_fewer_processes_than_the_least_are_never_tried(run: RunFolder, gone: set[str]) -> None:
    jobs = Jobs(*[dies()] * LOSSES)
    with pytest.raises(ProcessFailed):
        made(run, "localhost:2", 2, 2).carry_on(check(2, "localhost:2"), jobs)
    assert [plan.processes for plan in jobs.plans] == [2, 2, 2]


@pytest.mark.parametrize(
    "error", [LaunchError("bad x."), ConfigError("bad y."), RunError("diverged"), KeyboardInterrupt("Ctrl-C")]
)
def test_what_a_job_says_itself_is_not_tried_again(run: RunFolder, gone: set[str], error: Exception) -> None:
    jobs = Jobs(dies(error))
    with pytest.raises(type(error), match=str(error)):
        made(run, "localhost:2", 2, 1).carry_on(check(2, "localhost:2"), jobs)
    assert len(jobs.plans) == 1


def test_a_run_that_has_not_begun_is_not_tried_again(tmp_path: Path, gone: set[str]) -> None:
    jobs = Jobs(dies())
    with pytest.raises(ProcessFailed, match="^process 1 of 2 was killed"):
        made(create_run(tmp_path / "new", {}, {}), "localhost:2", 2, 1).carry_on(check(2, "localhost:2"), jobs)
    assert len(jobs.plans) == 1


def test_the_slot_of_the_lost_process_goes_but_never_that_of_the_first() -> None:
    plan = check(4, "a:2,b:2")
    assert without(plan, 1) == (Host("a", 1), Host("b", 2))
    assert without(plan, 3) == (Host("a", 2), Host("b", 1))
    assert without(plan, 0) == without(plan, None) == (Host("a", 2), Host("b", 1))
    assert without(check(2, "a:1,b:4"), 1) == (Host("a", 1),)


def test_a_host_is_lost_once_it_has_not_answered_twice(
    run: RunFolder, gone: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = made(run, HOSTS, 5, 3)
    job.look(check(5, HOSTS))
    gone.add("node3")
    with pytest.raises(ProcessFailed, match="no answer from node3; the others were stopped"):
        job.look(check(5, HOSTS))
    answers = iter([{Host("node3", 1): "busy"}, {}])
    monkeypatch.setattr(elastic, "troubles", lambda hosts: next(answers))
    job.look(check(5, HOSTS))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--min-np", "1"], "--min-np 1 needs -np or -H"),
        (["-np", "2", "--min-np", "3"], "--min-np 3: must be at least 1 and at most the number of processes, 2"),
        (["-np", "2", "--min-np", "0"], "--min-np 0: must be at least 1"),
        (["-H", "localhost:2", "--min-np", "3"], "at most the number of processes, 2"),
        (["-np", "2", "--min-np", "many"], "'many' is not a valid integer"),
    ],
)
def test_a_min_np_that_cannot_be_is_one_line(tmp_path: Path, arguments: Sequence[str], message: str) -> None:
    done = nas("train", *TINY, *arguments, "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("Error: "))
    assert message in line
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_remembers_what_it_was_begun_with(run: RunFolder) -> None:
    run.write_json("launch.json", {"processes": 4, "hosts": "localhost:2,other:2", "min_processes": 2})
    assert _wanted(Processes(), run) == Processes(None, "localhost:2,other:2", 2, 4)
    assert _wanted(Processes(3), run) == Processes(3, "localhost:2,other:2", 2, 4)
    assert _wanted(Processes(hosts="localhost:2"), run) == Processes(None, "localhost:2", 2, 4)
    assert _wanted(Processes(1, least=1), run) == Processes(1, "localhost:2,other:2", 1, 4)
    with pytest.raises(Exception, match="--min-np 2: must be at least 1 and at most the number of processes, 1"):
        _wanted(Processes(1), run)
    assert _wanted(Processes(7), run, any_number=True) == Processes(7, None, 2)


def test_a_run_of_a_fixed_number_takes_another_one_with_min_np_only(run: RunFolder) -> None:
    run.write_json("launch.json", {"processes": 2, "hosts": "localhost:2"})
    with pytest.raises(RunError, match="was begun with -np 2, not 1"):
        _wanted(Processes(1), run)
    assert _wanted(Processes(1, least=1), run) == Processes(1, "localhost:2", 1, 2)


def kill(run: Path, rank: int) -> None:
    """Kills one process of the job."""
    for one in processes(run):
        if one.environ().get("HOROVOD_RANK") == str(rank) and "horovodrun" not in " ".join(one.cmdline()):
            one.kill()


LONG = [*TINY, "training.epochs=60"]
PLAIN = [*TINY[1:], "dataset.train_size=1000", "training.batch_size=8", "--optimizer", "sgd",
         "training.optimizer.learning_rate=0.001", "training.restore_best=false", "training.epochs=30"]  # fmt: skip
"""Neither batch normalisation nor dropout, and no step so large that rounding grows."""


def wait(process: subprocess.Popen[str]) -> str:
    printed = process.communicate(timeout=300)[1]
    assert process.returncode == 0, printed
    return printed


@needs_horovod
@pytest.mark.horovod
def test_a_killed_process_costs_an_epoch_and_no_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = begin(run, 1, *LONG, "-np", "2", "--min-np", "1", "--out", str(run))
    kill(run, 1)
    printed = wait(process)
    assert "process 1 of 2 was killed by signal 9" in printed
    assert "going on from the last checkpoint: 2 of 2 processes on localhost:2" in printed
    assert epochs(run) == list(range(1, 61))
    (restart,) = (event for event in events(run) if event["event"] == "restart")
    assert restart["processes"] == 2
    assert processes(run) == []
    assert "2 went on, on localhost:2" in (run / "report.html").read_text()


def weights(run: Path) -> list[Any]:
    import keras

    return list(keras.models.load_model(run / "best" / "model.keras", compile=False).get_weights())


def difference(one: Path, other: Path) -> float:
    """The largest of any weight."""
    return max(float(np.abs(a - b).max()) for a, b in zip(weights(one), weights(other), strict=True))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes from its beginning to its end."""
    run = tmp_path_factory.mktemp("elastic") / "undisturbed"
    done = nas("train", *PLAIN, "-np", "2", "--out", str(run))
    assert done.returncode == 0, done.stderr
    return run


@needs_horovod
@pytest.mark.horovod
@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_a_run_of_two_resumed_with_another_number_ends_with_the_same_weights(
    undisturbed: Path, tmp_path: Path, number: int
) -> None:
    run = tmp_path / "run"
    process = begin(run, 1, *PLAIN, "-np", "2", "--out", str(run))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert len(epochs(run)) < 30
    done = nas("train", "--resume", str(run), "-np", str(number), "-H", "localhost:3", "--min-np", "1")
    assert f" on localhost:{number}, batches of 2 x 8 examples" in done.stderr
    assert epochs(run) == list(range(1, 31))
    assert difference(run, undisturbed) < 1e-5


@contextlib.contextmanager
def two_namespaces() -> Iterator[Any]:
    scripts = str(Path(__file__).parents[2] / "scripts")
    sys.path.insert(0, scripts)
    try:
        module = importlib.import_module("two_namespaces")
    finally:
        sys.path.remove(scripts)
    try:
        module.check()
    except LaunchError as error:
        pytest.skip(str(error))
    with module.two_namespaces() as hosts:
        yield hosts, [f"{address}:1" for address in module.ADDRESSES]


@needs_horovod
@pytest.mark.horovod
@pytest.mark.slow
@pytest.mark.parametrize("accident", ["cut", "switch_off"])
def test_a_run_goes_on_without_a_host_that_is_lost(undisturbed: Path, tmp_path: Path, accident: str) -> None:
    run = tmp_path / "run"

    def lose(hosts: Any) -> None:
        while len(epochs(run)) < 2:
            time.sleep(0.1)
        getattr(hosts, accident)()

    with two_namespaces() as (hosts, slots):
        threading.Thread(target=lose, args=(hosts,), daemon=True).start()
        given = ["-np", "2", "-H", ",".join(slots), "--min-np", "1", "--out", str(run)]
        assert hosts.run([*NAS, "train", *PLAIN, *given]) == 0
    assert processes(run) == []
    assert epochs(run) == list(range(1, 31))
    (restart,) = (event for event in events(run) if event["event"] == "restart")
    assert (restart["processes"], restart["hosts"]) == (1, slots[0])
    assert restart["lost"] == [slots[1].removesuffix(":1")]
    assert difference(run, undisturbed) < 1e-5
