"""Resident memory of the processes of a run."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import final

import psutil


def resident_bytes(process: int) -> int:
    """Resident memory of a process in bytes; 0 when it is gone.

    Pages that several processes share count in each of them, so a sum over processes is an upper bound.
    """
    try:
        return int(psutil.Process(process).memory_info().rss)
    except psutil.Error:
        return 0


@final
class MemoryMeter:
    """Samples the memory of this process and of others in a thread, from `with` to its end."""

    def __init__(self, others: Callable[[], Sequence[int]], interval_seconds: float = 0.25) -> None:
        self._others = others
        self._interval = interval_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory meter", daemon=True)
        self._peak = 0
        self._recent = 0
        self._last = 0
        self._sampled = 0.0

    def peak_bytes(self) -> int:
        """The largest sum seen so far."""
        self._sample()
        return self._peak

    def recent_peak_bytes(self) -> int:
        """The largest sum seen since the last call of this method, the newest sample being at most one interval old."""
        if time.monotonic() - self._sampled > self._interval:
            self._sample()
        recent, self._recent = self._recent, self._last
        return recent

    def __enter__(self) -> "MemoryMeter":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self._sample()

    def _sample(self) -> None:
        total = resident_bytes(os.getpid()) + sum(resident_bytes(process) for process in self._others())
        self._last, self._sampled = total, time.monotonic()
        self._peak = max(self._peak, total)
        self._recent = max(self._recent, total)
