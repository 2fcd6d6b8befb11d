"""A sync that several writes share ends when it is told to."""

import threading
from pathlib import Path

from nas_cli.runs.shared_sync import SharedSync


class ClosedWhileCleared(threading.Event):
    """What `close` sets, just before the thread clears it."""

    def __init__(self, closed: threading.Event) -> None:
        super().__init__()
        self._closed = closed

    def clear(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            self._closed.set()
            self.set()
        super().clear()


def test_closing_just_before_the_thread_syncs_ends_it(tmp_path: Path) -> None:
    with (tmp_path / "journal").open("wb") as file:
        shared = SharedSync(file.fileno())
        shared._waiting = ClosedWhileCleared(shared._closed)
        for _ in range(2):  # The second one comes too soon for a sync of its own.
            shared.sync(at_once=False)
        assert shared._thread is not None
        shared._thread.join(timeout=10)
        assert not shared._thread.is_alive()
        shared.close()
