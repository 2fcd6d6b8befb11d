"""Which library sums over the processes of a ring: the fastest on one host that Horovod was built with."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

GLOO, OPEN_MPI = "gloo", "mpi"
BEST_FIRST = (OPEN_MPI, GLOO)
"""Open MPI moves messages between processes of one host through shared memory, Gloo through TCP."""

CYCLE, FUSION, TIMELINE = "HOROVOD_CYCLE_TIME", "HOROVOD_FUSION_THRESHOLD", "HOROVOD_TIMELINE"

ACTIVITIES = {OPEN_MPI: b"MPI_ALLREDUCE", GLOO: b"GLOO_ALLREDUCE"}
"""What Horovod's library writes into a timeline, and so contains, where it was built with the collective."""

VERSION_SECONDS = 20
OWN_CYCLE_MS, SHARED_CYCLE_MS = 1.0, 5.0

MPI_HINT = (
    "apt-get install openmpi-bin libopenmpi-dev, then rm .venv/.ready && HOROVOD_CPU_OPERATIONS=MPI make setup: "
    "Open MPI passes messages between processes of one host through shared memory, Gloo through TCP"
)

_NAMED_BY_MPI = (
    'export HOROVOD_RANK="$OMPI_COMM_WORLD_RANK" HOROVOD_LOCAL_RANK="$OMPI_COMM_WORLD_LOCAL_RANK" '
    'HOROVOD_LOCAL_SIZE="$OMPI_COMM_WORLD_LOCAL_SIZE"; exec "$@"'
)


def built_with(library: bytes) -> tuple[str, ...]:
    """The collectives on the CPU in the bytes of Horovod's library, best first; nothing is loaded.

    `horovodrun --check-build` says the same, and imports TensorFlow six times to say it.
    """
    return tuple(name for name in BEST_FIRST if ACTIVITIES[name] in library)


def built_here(package: Path) -> tuple[str, ...]:
    """The same of Horovod's package; empty where its library cannot be read."""
    try:
        return built_with(next(iter(sorted((package / "tensorflow").glob("mpi_lib*")))).read_bytes())
    except (OSError, StopIteration):
        return ()


def best(built: Iterable[str], open_mpi: bool) -> str:
    """The collective to take of those that are built; `open_mpi`: its mpirun is here too. Gloo where nothing is known,
    for it needs nothing else."""
    usable = [name for name in BEST_FIRST if name in set(built) and (name != OPEN_MPI or open_mpi)]
    return usable[0] if usable else GLOO


def collective_here() -> str:
    """The collective of the Horovod that is installed here; imports neither it nor TensorFlow."""
    spec = importlib.util.find_spec("horovod")
    built = built_here(Path(spec.origin).parent) if spec is not None and spec.origin else ()
    return best(built, open_mpi=OPEN_MPI in built and has_open_mpi())


def has_open_mpi() -> bool:
    """True if the mpirun on the PATH is Open MPI's."""
    mpirun = shutil.which("mpirun")
    if mpirun is None:
        return False
    try:
        done = subprocess.run(
            [mpirun, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "Open MPI" in done.stdout


def arguments(collective: str, wait_seconds: int, argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """What horovodrun is told of the collective, and the command it runs.

    Open MPI tells its processes their numbers by variables of its own; the command begins with passing them on.
    """
    if collective == OPEN_MPI:
        return ["--mpi"], ["sh", "-c", _NAMED_BY_MPI, "sh", *argv]
    return ["--gloo", "--gloo-timeout-seconds", str(wait_seconds)], list(argv)


def variables(collective: str) -> dict[str, str]:
    """What Horovod's library, built with both, wants to find in the environment."""
    return {"HOROVOD_CONTROLLER": collective, "HOROVOD_CPU_OPERATIONS": collective}


def cycle_ms(processes: int, cores: int) -> float:
    """How often Horovod should look for news where so many processes share a machine's cores.

    Messages wait for the next look. Processes with a core each gain from a short wait; where they take turns, looking
    takes time from those that compute.
    """
    return SHARED_CYCLE_MS if processes > cores else OWN_CYCLE_MS
