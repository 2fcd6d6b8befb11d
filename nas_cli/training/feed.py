"""Chunks of batches for the compiled steps, sized so that a chunk takes a fraction of a second."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import final

import numpy as np

from nas_cli.data.batches import Batch
from nas_cli.data.dataset import Split

CHUNK_SECONDS = 0.25
"""A guard (time, divergence) looks at the training this often."""

MOST_STEPS = 64
MOST_BYTES = 1 << 26


def chunks(batches: Iterable[Batch], wanted: Callable[[], int], few_lengths: bool = False) -> Iterator[Batch]:
    """The batches joined to arrays x (steps, batch, …) and y (steps, batch), about `wanted()` steps each.

    The numbers that a training computes do not depend on the joining. A smaller last batch is a chunk of its own.
    With `few_lengths` the number of steps is a power of two: XLA compiles anew for every length.
    """
    held: list[Batch] = []
    for batch in batches:
        if held and len(batch[1]) != len(held[0][1]):
            yield from _joined(held, few_lengths)
            held = []
        held.append(batch)
        most = min(wanted(), max(1, MOST_BYTES // max(1, batch[0].nbytes)))
        if len(held) >= (_power_of_two(most) if few_lengths else most):
            yield from _joined(held, few_lengths)
            held = []
    yield from _joined(held, few_lengths)


def in_order(split: Split, batch_size: int) -> Iterator[Batch]:
    """The batches of a split from its first to its last example."""
    for start in range(0, len(split), batch_size):
        yield np.asarray(split.x[start : start + batch_size]), np.asarray(split.y[start : start + batch_size])


def _joined(batches: list[Batch], few_lengths: bool) -> Iterator[Batch]:
    """The batches as one chunk, or as one for each binary digit of their number."""
    while batches:
        steps = _power_of_two(len(batches)) if few_lengths else len(batches)
        yield np.stack([x for x, _ in batches[:steps]]), np.stack([y for _, y in batches[:steps]])
        batches = batches[steps:]


def _power_of_two(number: int) -> int:
    """The largest power of two that is not above `number`."""
    return 1 << (number.bit_length() - 1)


@final
class Pace:
    """How fast steps go, feeding included, and how many make up a chunk: one at first, for that one compiles.

    `jit`: XLA compiles in the first lap of every shape of chunk, instead of once; `chunks` then makes few lengths.
    `seconds`: all time between `begin` and the last `lap`. `compile_seconds`: that of the laps that compile.
    `timed`: images and seconds of all other laps.
    `told`: steps of every chunk from now on, for processes that have to take the same chunks; None: by this clock.
    """

    def __init__(self, jit: bool = False) -> None:
        self.jit = jit
        self.seconds = 0.0
        self.compile_seconds = 0.0
        self.timed = (0, 0.0)
        self.told: int | None = None
        self._compiled: set[tuple[int, int]] = set()
        self._step_seconds: float | None = None
        self._mark = 0.0

    def steps(self) -> int:
        """Steps of the next chunk."""
        return self.own_steps() if self.told is None else self.told

    def own_steps(self) -> int:
        """Steps of the next chunk by the clock of this process."""
        if self._step_seconds is None:
            return 1
        return max(1, min(MOST_STEPS, int(CHUNK_SECONDS / max(self._step_seconds, 1e-6))))

    def begin(self) -> None:
        """An epoch begins."""
        self._mark = time.perf_counter()

    def lap(self, steps: int, images: int) -> None:
        """A chunk of `steps` with so many `images` is done."""
        now = time.perf_counter()
        seconds, self._mark = now - self._mark, now
        self.seconds += seconds
        shape = (steps, images) if self.jit else (0, 0)
        if shape not in self._compiled:
            self._compiled.add(shape)
            self.compile_seconds += seconds
            return
        self._step_seconds = seconds / steps
        self.timed = (self.timed[0] + images, self.timed[1] + seconds)


def rate(after: tuple[int, float], before: tuple[int, float] = (0, 0.0)) -> float:
    """Images per second between two values of `Pace.timed`; 0 if there is nothing between."""
    images, seconds = after[0] - before[0], after[1] - before[1]
    return images / seconds if seconds else 0.0
