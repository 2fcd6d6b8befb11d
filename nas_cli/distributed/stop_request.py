"""A request to stop, kept until all processes can follow it."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, final

from nas_cli.distributed.ring import Ring


@final
class StopRequest:
    """Within `with`, Ctrl-C and SIGTERM only set `asked`: a process that left alone would leave the others waiting.

    Rank 0 speaks for all, the other processes do not act on signals. A request that nobody has followed by the end
    of the block becomes the KeyboardInterrupt that it was. In a ring of one all stays as it always is.
    """

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._asked = False
        self._before: dict[int, Any] = {}

    @property
    def asked(self) -> bool:
        """True once someone wants this process to stop."""
        return self._asked

    def __enter__(self) -> "StopRequest":
        # Python lets only the main thread install handlers.
        if self._ring.size > 1 and threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._asked and error is None:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = self._ring.rank == 0
