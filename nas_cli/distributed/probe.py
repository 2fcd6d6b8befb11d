"""What this machine can run in parallel: is Horovod here, built for this TensorFlow, with which collectives."""

import importlib.metadata
import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

BUILD_HINT = "install a C++ compiler and make, then run `make setup` (README, section Installation)"


@dataclass(frozen=True)
class HorovodProbe:
    """`version` None: not installed. `collectives`: names of the built ones. `problem`: why it cannot run, or None."""

    version: str | None
    collectives: tuple[str, ...] = ()
    launcher: str | None = None
    problem: str | None = None


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
    return HorovodProbe(version, tuple(name for name, has in built.items() if has), launcher, problem)


def find_launcher() -> str | None:
    """Path of the horovodrun that belongs to this Python, else one on PATH, else None."""
    beside = Path(sys.executable).parent / "horovodrun"
    return str(beside) if beside.exists() else shutil.which("horovodrun")
