"""What the processes of a ring say to one another in plain values, and how they join to say no more than that."""

import base64
import os
import pickle
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas_cli.distributed.job_output import ProcessFailed
from nas_cli.distributed.ring import HorovodRing, OneProcess, Ring, is_rank

QUIET = {"HOROVOD_CYCLE_TIME": "10", "HOROVOD_STALL_CHECK_DISABLE": "1"}
"""Horovod looks for news every 10 ms instead of every one, and does not mind that a process waits for long."""

GPUS = Path("/proc/driver/nvidia/gpus")
VISIBLE = "CUDA_VISIBLE_DEVICES"


def exchange(ring: Ring, value: Any) -> list[Any]:
    """The picklable values that all processes have given, by rank, on every one of them; a collective call.

    Raises:
        ProcessFailed: a process of the ring is gone.
    """
    text = base64.b64encode(pickle.dumps(value)).decode()
    try:
        given = ring.gather(text)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ProcessFailed(f"another process of this job is gone ({reason}).") from error
    return [pickle.loads(base64.b64decode(one)) for one in given]


def neighbours(ring: Ring) -> tuple[int, ...]:
    """The numbers of the other processes of the ring on this host; a collective call."""
    given = exchange(ring, (socket.gethostname(), os.getpid()))
    host = given[ring.rank][0]
    return tuple(pid for rank, (theirs, pid) in enumerate(given) if theirs == host and rank != ring.rank)


def join_to_talk() -> Ring:
    """The ring of this process, which itself computes nothing: it takes no GPU.

    Raises:
        LaunchError: the processes do not find one another.
    """
    if not is_rank():
        return OneProcess()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
    return HorovodRing()


def share_gpus(environment: Mapping[str, str] = os.environ, found: Path = GPUS) -> dict[str, str]:
    """What the environment must say so that the workers of this process compute on its own GPU of the host's.

    Empty without GPUs, and for a process that horovodrun has not started; processes share GPUs where these are fewer.
    """
    rank = environment.get("HOROVOD_LOCAL_RANK")
    return {} if rank is None else gpu_of(int(rank), environment, found)


def gpu_of(local_rank: int, environment: Mapping[str, str] = os.environ, found: Path = GPUS) -> dict[str, str]:
    """The same for the process with this number among those of its host, whoever has started it."""
    listed = environment.get(VISIBLE)
    if listed is not None:
        gpus = [name for name in listed.split(",") if name.strip()]
    else:
        gpus = [str(number) for number, _ in enumerate(found.iterdir())] if found.is_dir() else []
    return {VISIBLE: gpus[local_rank % len(gpus)]} if gpus else {}
