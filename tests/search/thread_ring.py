"""Rings whose processes are threads."""

import threading
from typing import Any


class ThreadRing:
    """A process of a ring whose processes are threads; one that leaves breaks it."""

    def __init__(self, rank: int, shared: list[Any], barrier: threading.Barrier) -> None:
        self.rank, self.size, self.begun = rank, len(shared), len(shared)
        self._shared, self._barrier = shared, barrier

    def gather(self, value: Any) -> list[Any]:
        self._shared[self.rank] = value
        self._barrier.wait(60)
        given = list(self._shared)
        self._barrier.wait(60)
        return given

    def leave(self) -> None:
        """The others find out that this one is gone."""
        self._barrier.abort()

    def average(self, tensors: Any, name: str = "") -> Any:
        raise NotImplementedError

    def broadcast(self, variables: Any) -> None:
        raise NotImplementedError

    def barrier(self) -> None:
        self.gather(None)


def rings(size: int) -> list[ThreadRing]:
    shared, barrier = [None] * size, threading.Barrier(size)
    return [ThreadRing(rank, shared, barrier) for rank in range(size)]
