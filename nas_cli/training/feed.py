"""Chunks of batches for the compiled steps, sized so that a chunk takes a fraction of a second."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.batches import Batch
from nas_cli.data.dataset import Split

CHUNK_SECONDS = 0.25
"""A guard (time, divergence) looks at the training this often."""

MOST_STEPS = 64
MOST_BYTES = 1 << 26


def chunks(batches: Iterable[Batch], wanted: Callable[[], int]) -> Iterator[Batch]:
    """The batches joined to arrays x (steps, batch, …) and y (steps, batch), about `wanted()` steps each.

    The numbers that a training computes do not depend on the joining. A smaller last batch is a chunk of its own.
    """
    held: list[Batch] = []
    for batch in batches:
        if held and len(batch[1]) != len(held[0][1]):
            yield _joined(held)
            held = []
        held.append(batch)
        if len(held) >= min(wanted(), max(1, MOST_BYTES // max(1, batch[0].nbytes))):
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def in_order(split: Split, batch_size: int) -> Iterator[Batch]:
    """The batches of a split from its first to its last example."""
    for start in range(0, len(split), batch_size):
        yield np.asarray(split.x[start : start + batch_size]), np.asarray(split.y[start : start + batch_size])


def _joined(batches: list[Batch]) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.stack([x for x, _ in batches]), np.stack([y for _, y in batches])


@final
class Pace:
    """How fast steps go, feeding included, and how many make up a chunk: one at first, for that one compiles.

    `seconds`: all time between `begin` and the last `lap`. `compile_seconds`: that of the first lap.
    `timed`: images and seconds of all other laps.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.compile_seconds: float | None = None
        self.timed = (0, 0.0)
        self._step_seconds: float | None = None
        self._mark = 0.0

    def steps(self) -> int:
        """Steps of the next chunk."""
        if self._step_seconds is None:
            return 1
        return max(1, min(MOST_STEPS, int(CHUNK_SECONDS / max(self._step_seconds, 1e-6))))

    def begin(self) -> None:
        """An epoch begins."""
        self._mark = time.perf_counter()

    def lap(self, steps: int, images: int) -> None:
        """A chunk of `steps` is done."""
        now = time.perf_counter()
        seconds, self._mark = now - self._mark, now
        self.seconds += seconds
        if self.compile_seconds is None:
            self.compile_seconds = seconds
            return
        self._step_seconds = seconds / steps
        self.timed = (self.timed[0] + images, self.timed[1] + seconds)


def rate(after: tuple[int, float], before: tuple[int, float] = (0, 0.0)) -> float:
    """Images per second between two values of `Pace.timed`; 0 if there is nothing between."""
    images, seconds = after[0] - before[0], after[1] - before[1]
    return images / seconds if seconds else 0.0
