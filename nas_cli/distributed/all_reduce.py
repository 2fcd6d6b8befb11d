"""Horovod's all-reduce as it is timed."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nas_cli.distributed.collective import CYCLE, FUSION, TIMELINE
from nas_cli.errors import LaunchError

MEBIBYTE = 1 << 20

Reduce = Callable[[], Sequence[Any]]
"""One all-reduce of tensors of ones, complete when it returns, and its results."""


@contextmanager
def horovod_with(cycle_ms: float, fusion_mb: int, timeline: Path | None = None) -> Iterator[None]:
    """Within the block the processes that horovodrun has started sum with these settings; a collective call.

    One block in the life of a process: Gloo's processes find one another through a server of the launcher, which in
    Horovod 0.28.1 loses count of who is done, so that a second beginning may wait forever; Open MPI has no second one.
    `timeline`: rank 0 leaves a trace of the block there.

    Raises:
        LaunchError: Horovod is not there, or the processes do not find one another.
    """
    os.environ.update({CYCLE: f"{cycle_ms:g}", FUSION: str(fusion_mb * MEBIBYTE)})
    if timeline is not None:
        os.environ[TIMELINE] = str(timeline)
    try:
        import horovod.tensorflow as hvd

        hvd.init()
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise LaunchError(f"this process cannot join the others ({reason}): see `nas doctor`.") from error
    try:
        yield
    finally:
        hvd.shutdown()


def summed(sizes: Sequence[int]) -> Reduce:
    """A sum over all processes of as many tensors as there are `sizes` (float32 numbers each), all handed over at once,
    as a backward pass hands over gradients; to be called within `horovod_with`."""
    import horovod.tensorflow as hvd
    import tensorflow as tf

    tensors = [tf.ones([size]) for size in sizes]

    def reduce(given: Sequence[Any]) -> list[Any]:
        return [
            hvd.allreduce(tensor, op=hvd.Sum, name=f"message_{sum(sizes)}_{len(sizes)}_{i}", ignore_name_scope=True)
            for i, tensor in enumerate(given)
        ]

    compiled = tf.function(reduce, jit_compile=False)
    return lambda: list(compiled(tensors))
