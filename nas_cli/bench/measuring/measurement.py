"""One measurement: what is trained how, as a plain value that every process of the job reads."""

import dataclasses
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_cli.errors import RunError

RING, INDEPENDENT, SYNC, ASYNC = "ring-allreduce", "independent", "ps-sync", "ps-async"
MODES = (RING, INDEPENDENT, SYNC, ASYNC)
SERVED = (SYNC, ASYNC)

CLASSES = 1000
JOB, RESULT = "job.json", "result"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """`processes` workers with `batch` images each, of `image_size` pixels per side.

    `mode` independent with one process is the baseline T_1. `threads`: of each process. `shares`: so many of the
    workers' batches make the batch of this one process. `must_fit`: so many processes like this one have to fit into
    the memory beside each other; 0 if that is known already. `weights`: keep the trained weights beside the result.
    `crowd`: workers and servers on the fullest host. `cluster`: addresses of the parameter servers and their workers.
    `timeline`: the file for Horovod's trace of a ring, '' for none.
    """

    mode: str
    model: str
    processes: int
    threads: int
    batch: int
    image_size: int
    iterations: int
    warmup: int
    seed: int = 0
    servers: int = 0
    shares: int = 1
    must_fit: int = 0
    crowd: int = 1
    weights: bool = False
    timeline: str = ""
    cluster: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Leaves it for the processes of the job."""
        (folder / JOB).write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> "Measurement":
        """What `write` has left.

        Raises:
            RunError: it cannot be read on this host.
        """
        try:
            return Measurement(**json.loads((folder / JOB).read_text(encoding="utf-8")))
        except OSError as error:
            raise RunError(
                f"{socket.gethostname()} cannot read {folder} ({error.strerror}): the run folder (--out) must be "
                "shared by all hosts, at the same path."
            ) from error


def write_result(folder: Path, result: Mapping[str, Any], number: int = 0) -> None:
    """Leaves what a process has found for the one that has started it."""
    (folder / f"{RESULT}-{number}.json").write_text(json.dumps(result), encoding="utf-8")


def read_result(folder: Path, number: int = 0) -> dict[str, Any]:
    """What `write_result` has left."""
    found: dict[str, Any] = json.loads((folder / f"{RESULT}-{number}.json").read_text(encoding="utf-8"))
    return found
