"""How processes wait for one another without a network of their own: a file each in a common folder."""

import time
from collections.abc import Iterable
from pathlib import Path

from nas_cli.errors import LaunchError

WAIT_SECONDS = 600
LOOK_SECONDS = 0.005


def arrive(folder: Path, what: str, number: int) -> None:
    """Says that process `number` has come to the point `what`."""
    (folder / f"{what}-{number}").touch()


def all_there(folder: Path, what: str, processes: int) -> bool:
    """True once all processes have come to the point `what`."""
    return not _missing(folder, what, range(processes))


def meet(folder: Path, what: str, numbers: Iterable[int]) -> None:
    """Returns when all processes of these numbers have come to the point `what`.

    Raises:
        LaunchError: one has not within ten minutes; who starts them looks after those that have died.
    """
    limit = time.monotonic() + WAIT_SECONDS
    missing = list(numbers)
    while missing := _missing(folder, what, missing):
        if time.monotonic() > limit:
            raise LaunchError(f"process {missing[0]} has not come to '{what}' within {WAIT_SECONDS} s: see the log.")
        time.sleep(LOOK_SECONDS)


def _missing(folder: Path, what: str, numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if not (folder / f"{what}-{number}").exists()]
