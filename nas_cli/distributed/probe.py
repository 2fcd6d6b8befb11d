"""What this machine can run in parallel: is Horovod here, built for this TensorFlow, with which collectives."""

import importlib.metadata
import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from nas_cli.distributed.collective import MPI_HINT, OPEN_MPI, best, has_open_mpi

BUILD_HINT = "install a C++ compiler and make, then run `make setup` (README, section Installation)"


@dataclass(frozen=True)
class HorovodProbe:
    """`version` None: not installed. `collectives`: names of the built ones. `problem`: why it cannot run, or None.
    `chosen`: the one on the CPU that jobs take, `faster`: how to get a faster one, or None."""

    version: str | None
    collectives: tuple[str, ...] = ()
    launcher: str | None = None
    problem: str | None = None
    chosen: str | None = None
    faster: str | None = None


def probe_horovod() -> HorovodProbe:
    """What is known about Horovod here; imports TensorFlow when Horovod is installed."""
    try:
        version = importlib.metadata.version("horovod")
    except importlib.metadata.PackageNotFoundError:
        return HorovodProbe(None, problem=f"not installed: {BUILD_HINT}")
    launcher = find_launcher()
    try:
        import horovod.tensorflow as hvd
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0]
        return HorovodProbe(version, launcher=launcher, problem=f"cannot be imported ({reason}): {BUILD_HINT}")
    built = {
        "gloo": hvd.gloo_built(),
        "mpi": hvd.mpi_built(),
        "nccl": hvd.nccl_built(),
    }
    problem = None if launcher else "horovodrun is not beside this Python: run `make setup`"
    chosen = best((name for name, has in built.items() if has), open_mpi=built["mpi"] and has_open_mpi())
    return HorovodProbe(
        version=version,
        collectives=tuple(name for name, has in built.items() if has),
        launcher=launcher,
        problem=problem,
        chosen=chosen,
        faster=None if chosen == OPEN_MPI else _faster(built["mpi"]),
    )


def _faster(built_with_mpi: bool) -> str:
    return "its mpirun is not Open MPI's, or not here: apt-get install openmpi-bin" if built_with_mpi else MPI_HINT


def find_launcher() -> str | None:
    """Path of the horovodrun that belongs to this Python, else one on PATH, else None."""
    beside = Path(sys.executable).parent / "horovodrun"
    return str(beside) if beside.exists() else shutil.which("horovodrun")
