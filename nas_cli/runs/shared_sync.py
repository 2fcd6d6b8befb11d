"""One fsync for several writes that come close upon each other."""

import os
import threading
import time
from typing import final

INTERVAL_SECONDS = 0.05


@final
class SharedSync:
    """Puts what was written to a descriptor on disk: at once, or within INTERVAL_SECONDS when the last sync is that
    recent."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._last = 0.0
        self._waiting = threading.Event()
        self._closed = threading.Event()
        self._error: OSError | None = None
        self._thread: threading.Thread | None = None

    def sync(self, at_once: bool) -> None:
        """Syncs, or sees to it that it is done soon.

        Raises:
            OSError: if the disk refuses, or has refused an earlier write since the last call.
        """
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if at_once or time.monotonic() - self._last >= INTERVAL_SECONDS:
            self._waiting.clear()
            os.fsync(self._descriptor)
            self._last = time.monotonic()
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal sync", daemon=True)
            self._thread.start()
        self._waiting.set()

    def close(self) -> None:
        """Syncs what is still waiting and ends; the descriptor may be closed then."""
        self._closed.set()
        if self._thread is not None:
            self._waiting.set()
            self._thread.join()
            os.fsync(self._descriptor)

    def _run(self) -> None:
        # Looked at before each wait: `close` may have set both just before this thread clears the one.
        while not self._closed.is_set():
            self._waiting.wait()
            if self._closed.wait(INTERVAL_SECONDS):
                return
            # What is written from here on asks for a sync of its own.
            if self._waiting.is_set():
                self._waiting.clear()
                try:
                    os.fsync(self._descriptor)
                except OSError as error:
                    self._error = error
