"""The processes of one data-parallel training, and what they say to one another; a no-op with one process.

Every process of a job must make the same calls in the same order: a collective waits for all of them.
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, final

from nas_cli.distributed.collective import CYCLE, cycle_ms
from nas_cli.distributed.packing import cut, joined
from nas_cli.distributed.placement import dealt
from nas_cli.errors import LaunchError

RANK = "HOROVOD_RANK"
"""The environment variable by which horovodrun tells a process its number."""

BEGUN = "NAS_BEGUN_WITH"
"""The environment variable with `Ring.begun`, where it is not the number of processes."""

JSON = Any


class Ring(Protocol):
    """`size` processes, this one is number `rank`.

    `begun`: so many processes the run was begun with, each of which brought a batch to a step; the size of what they
    compute together follows from it, whatever has become of them since.
    """

    rank: int
    size: int
    begun: int

    def average(self, tensors: Sequence[Any], name: str = "gradient") -> list[Any]:
        """The means over all processes of each tensor; None stays None. Inside a graph or outside.

        `name` tells apart the places in a program that average; the result has equal bits on all processes.
        """

    def broadcast(self, variables: Sequence[Any]) -> None:
        """Gives variables, of any type and bit for bit, the values that they have on rank 0."""

    def gather(self, value: JSON) -> list[JSON]:
        """The values that all processes have given, by rank, on every one of them."""

    def barrier(self) -> None:
        """Returns when all processes have called it."""


@final
class OneProcess:
    """A ring of one: nothing is sent. `begun`: it may be what is left of several."""

    rank = 0
    size = 1

    def __init__(self, begun: int = 1) -> None:
        self.begun = begun

    def average(self, tensors: Sequence[Any], name: str = "gradient") -> list[Any]:
        return list(tensors)

    def broadcast(self, variables: Sequence[Any]) -> None:
        pass

    def gather(self, value: JSON) -> list[JSON]:
        return [value]

    def barrier(self) -> None:
        pass


@final
class HorovodRing:
    """The ring of a process that horovodrun has started; tensors are reduced as soon as they are there, small ones that
    follow one another together.

    One reduction of all gradients at once would wait for the last of them and leave nothing to overlap with the
    backward pass. Horovod joins only those that happen to wait at the same time, and looks for that on all processes.
    """

    def __init__(self) -> None:
        """Waits for all processes of the job.

        Raises:
            LaunchError: Horovod is not there, or the processes do not find one another.
        """
        try:
            import horovod.tensorflow as hvd

            hvd.init()
        except (ImportError, OSError, RuntimeError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise LaunchError(f"this process cannot join the others ({reason}): see `nas doctor`.") from error
        self._hvd = hvd
        self.rank: int = hvd.rank()
        self.size: int = hvd.size()
        self.begun: int = int(os.environ.get(BEGUN, self.size))

    def average(self, tensors: Sequence[Any], name: str = "gradient") -> list[Any]:
        import tensorflow as tf

        given = {i: tf.convert_to_tensor(tensor) for i, tensor in enumerate(tensors) if tensor is not None}
        means: list[Any] = [None] * len(tensors)
        for number, members in enumerate(_together(given)):
            mine = [given[i] for i in members]
            # Scopes hold numbers of graphs built before, of which the processes may have built different numbers.
            mean = self._hvd.allreduce(
                mine[0] if len(mine) == 1 else joined(mine),
                op=self._hvd.Average,
                name=f"{name}_{number}",
                ignore_name_scope=True,
            )
            parts = [mean] if len(mine) == 1 else cut(mean, [tensor.shape for tensor in mine])
            for i, part in zip(members, parts, strict=True):
                means[i] = part
        return means

    def broadcast(self, variables: Sequence[Any]) -> None:
        import numpy as np
        import tensorflow as tf

        # As bytes: Horovod does not know every type, the unsigned state of random generators for one.
        values = [np.array(variable) for variable in variables]
        mine = np.frombuffer(b"".join(value.tobytes() for value in values), np.uint8)
        if not mine.size:
            return
        first = self._hvd.broadcast(tf.constant(mine), root_rank=0, name="broadcast").numpy().tobytes()
        if self.rank == 0:
            return
        start = 0
        for variable, value in zip(variables, values, strict=True):
            piece = first[start : start + value.nbytes]
            variable.assign(np.frombuffer(piece, value.dtype).reshape(value.shape))
            start += value.nbytes

    def gather(self, value: JSON) -> list[JSON]:
        import numpy as np
        import tensorflow as tf

        line = json.dumps(value).encode() + b"\n"
        lines = self._hvd.allgather(tf.constant(np.frombuffer(line, np.uint8)), name="gather")
        return [json.loads(text) for text in lines.numpy().tobytes().splitlines()]

    def barrier(self) -> None:
        self.gather(None)


def _together(tensors: Mapping[int, Any]) -> list[list[int]]:
    """The numbers of the tensors that are sent as one: of one type, in a bucket; those of unknown size alone."""
    found, by_type = [], dict[Any, list[int]]()
    for number, tensor in tensors.items():
        if tensor.shape.is_fully_defined():
            by_type.setdefault(tensor.dtype, []).append(number)
        else:
            found.append([number])
    for kind, numbers in by_type.items():
        sizes = [kind.size * tensors[number].shape.num_elements() for number in numbers]
        found += [[numbers[member] for member in bucket.members] for bucket in dealt(sizes, 1)]
    return found


def is_rank() -> bool:
    """True in a process that horovodrun has started."""
    return RANK in os.environ


def rank_number() -> int:
    """The number of this process among those that horovodrun has started; 0 in any other."""
    return int(os.environ.get(RANK, "0"))


def local_rank() -> int:
    """The number of this process among those of its machine that horovodrun has started; 0 in any other."""
    return int(os.environ.get("HOROVOD_LOCAL_RANK", "0"))


def ranks_here() -> int:
    """How many processes of the job of this one share its machine; 1 if horovodrun has not started it."""
    return int(os.environ.get("HOROVOD_LOCAL_SIZE", "1"))


def join() -> Ring:
    """The ring of this process: of all processes of its job if horovodrun has started it, else of itself alone.

    Call it after the threads are set. With GPUs each process of a host takes one of its own.

    Raises:
        LaunchError: the processes do not find one another.
    """
    if not is_rank():
        return OneProcess()
    _take_gpu(local_rank())
    os.environ.setdefault(CYCLE, f"{cycle_ms(ranks_here(), _cores()):g}")
    ring = HorovodRing()
    # XLA may compile the steps of one process.
    return ring if ring.size > 1 else OneProcess(ring.begun)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def agreed(ring: Ring, value: JSON) -> JSON:
    """The value that rank 0 has given, on every process: for decisions that follow a clock or a user."""
    return ring.gather(value)[0]


def _take_gpu(number: int) -> None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        mine = gpus[number % len(gpus)]
        tf.config.set_visible_devices(mine, "GPU")
        # Processes may share a GPU, of which TensorFlow takes all memory otherwise.
        tf.config.experimental.set_memory_growth(mine, True)
