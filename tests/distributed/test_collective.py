"""Which collective is taken, by what Horovod says of its build, and what horovodrun and Horovod are told then."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nas_cli.commands import doctor
from nas_cli.distributed import collective, probe
from nas_cli.distributed.collective import arguments, best, built_here, built_with, cycle_ms, has_open_mpi, variables
from nas_cli.distributed.hosts import Host
from nas_cli.distributed.job_output import JobOutput
from nas_cli.distributed.launcher import command
from nas_cli.distributed.preflight import Plan
from nas_cli.distributed.probe import HorovodProbe

CHECK_BUILD = """Horovod v0.28.1:

Available Frameworks:
    [X] TensorFlow

Available Controllers:
    [{mpi}] MPI
    [{gloo}] Gloo

Available Tensor Operations:
    [ ] NCCL
    [ ] DDL
    [ ] CCL
    [{mpi}] MPI
    [{gloo}] Gloo
"""


def said(text: str) -> list[str]:
    """The names of the tensor operations in what `horovodrun --check-build` prints."""
    return [name.lower() for name in re.findall(r"\[X\] (\w+)", text.split("Tensor Operations:")[1])]


@pytest.mark.parametrize(
    ("mpi", "gloo", "open_mpi", "taken"),
    [("X", "X", True, "mpi"), ("X", "X", False, "gloo"), (" ", "X", True, "gloo"), ("X", " ", True, "mpi")],
)
def test_open_mpi_is_taken_where_it_is_built_in_and_its_mpirun_is_here(
    mpi: str, gloo: str, open_mpi: bool, taken: str
) -> None:
    assert best(said(CHECK_BUILD.format(mpi=mpi, gloo=gloo)), open_mpi) == taken


def test_the_library_names_what_it_was_built_with(tmp_path: Path) -> None:
    assert built_with(b"..GLOO_ALLREDUCE..MPI_ALLREDUCE..") == ("mpi", "gloo")
    assert built_with(b"..GLOO_ALLREDUCE..") == ("gloo",)
    assert built_here(tmp_path) == ()
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "mpi_lib.so").write_bytes(b"..MPI_ALLREDUCE..")
    assert built_here(tmp_path) == ("mpi",)


@pytest.mark.horovod
@pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed")
def test_the_installed_library_says_the_same_as_horovod_itself() -> None:
    import horovod.tensorflow as hvd

    spec = importlib.util.find_spec("horovod")
    assert spec is not None and spec.origin is not None
    built = built_here(Path(spec.origin).parent)
    assert set(built) == {name for name, has in (("mpi", hvd.mpi_built()), ("gloo", hvd.gloo_built())) if has}


@pytest.mark.parametrize(("said", "found"), [("mpirun (Open MPI) 4.1.4", True), ("HYDRA build details:", False)])
def test_another_mpi_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, found: bool) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "mpirun").write_text(f"#!/bin/sh\necho '{said}'\n")
    (tmp_path / "mpirun").chmod(0o755)
    assert has_open_mpi() is found


def test_no_mpirun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collective.shutil, "which", lambda name: None)
    assert not has_open_mpi()


def test_horovodrun_is_told_the_collective() -> None:
    hosts = (Host("localhost", 2),)
    gloo = command(Plan(2, hosts, "horovodrun"), ["python"])
    mpi = command(Plan(2, hosts, "horovodrun", collective="mpi"), ["python", "a b"])
    assert gloo[1:4] == ["--gloo", "--gloo-timeout-seconds", "600"]
    assert gloo[-1] == "python"
    assert mpi[1] == "--mpi"
    assert "--gloo-timeout-seconds" not in mpi
    assert variables("mpi") == {"HOROVOD_CONTROLLER": "mpi", "HOROVOD_CPU_OPERATIONS": "mpi"}


def test_under_open_mpi_a_process_learns_its_number_as_under_horovodrun() -> None:
    _, argv = arguments("mpi", 600, ["sh", "-c", 'echo "$HOROVOD_RANK $HOROVOD_LOCAL_RANK $HOROVOD_LOCAL_SIZE" "$@"',
                                     "sh", "a b"])  # fmt: skip
    given = {"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_LOCAL_RANK": "1", "OMPI_COMM_WORLD_LOCAL_SIZE": "2"}
    done = subprocess.run(argv, env={**os.environ, **given}, capture_output=True, text=True, check=True)
    assert done.stdout == "3 1 2 a b\n"


def test_lines_as_open_mpi_marks_them_are_those_of_their_ranks(tmp_path: Path) -> None:
    shown: list[str] = []
    with (tmp_path / "log").open("w") as log:
        output = JobOutput(log, shown.append)
        for line in ("[1,0]<stdout>:epoch 1\n", "[1,1]<stderr>:Error: bad.\n"):
            output.take(line)
    assert shown == ["epoch 1"]
    assert (tmp_path / "log").read_text() == "rank 0: epoch 1\nrank 1: Error: bad.\n"


def test_processes_that_take_turns_look_for_news_less_often() -> None:
    assert cycle_ms(8, cores=2) > cycle_ms(2, cores=2)


@pytest.mark.parametrize(("faster", "fix"), [("build it with Open MPI", "build it with Open MPI"), (None, None)])
def test_doctor_says_what_is_taken_and_how_to_get_a_faster_one(
    monkeypatch: pytest.MonkeyPatch, faster: str | None, fix: str | None
) -> None:
    found = HorovodProbe("0.28.1", ("gloo",), "/bin/horovodrun", chosen="gloo", faster=faster)
    monkeypatch.setattr(probe, "probe_horovod", lambda: found)
    checks: list[dict[str, Any]] = []
    assert doctor._horovod(checks)["chosen"] == "gloo"
    assert checks[-1] == {"name": "all-reduce", "value": "gloo (on the CPU)", "fix": fix, "needed": False}
