"""How the processes of one machine wait for one another without a network: a file each in a common folder."""

import time
from pathlib import Path

WAIT_SECONDS = 600
LOOK_SECONDS = 0.005


def arrive(folder: Path, what: str, number: int) -> None:
    """Says that process `number` has come to the point `what`."""
    (folder / f"{what}-{number}").touch()


def all_there(folder: Path, what: str, processes: int) -> bool:
    """True once all processes have come to the point `what`."""
    return all((folder / f"{what}-{number}").exists() for number in range(processes))


def meet(folder: Path, what: str, number: int, processes: int) -> None:
    """Returns when all processes have come to the point `what`, or after ten minutes: who starts them looks after
    those that have died."""
    arrive(folder, what, number)
    limit = time.monotonic() + WAIT_SECONDS
    while not all_there(folder, what, processes) and time.monotonic() < limit:
        time.sleep(LOOK_SECONDS)
