"""Stopping a run cleanly from outside."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from nas_cli.errors import RunError


class Interrupted(RunError):
    """The user, or the system, stopped a run that can be resumed."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Makes a request to terminate (SIGTERM: batch systems, shutdown) arrive like Ctrl-C."""
    # Python lets only the main thread install handlers.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def unstoppable() -> Iterator[None]:
    """Ignores Ctrl-C and SIGTERM while a stopped run is put in order: an impatient second one must not spoil it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
