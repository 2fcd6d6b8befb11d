"""What the processes of a job print: into one log, the first one's also to the user, and what it says of a failure."""

import contextlib
import io
import re
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO, final

from nas_cli.errors import ConfigError, LaunchError, NasError

_OF_A_RANK = re.compile(r"\[(?:\d+,)?(\d+)\]<(stdout|stderr)>:(.*)", re.DOTALL)
"""Open MPI puts the number of the job before that of the rank."""
_EXIT = re.compile(r"Process (\d+) exit with status code (\d+)\.")
_EXCEPTION = re.compile(r"[\w.]*(Error|Exception|Interrupt|Exit)\b")
USAGE = 2
ALONE = 3
"""The exit code of a process that ends because another one is gone."""


class ProcessFailed(LaunchError):
    """A process was lost, and it is no fault of what was asked for; `rank`: its number, None if it is not known."""

    def __init__(self, message: str, rank: int | None = None) -> None:
        super().__init__(message)
        self.rank = rank


def open_log(log: Path) -> TextIO:
    """The file, to which lines are added; nothing is held back, so that closing it on a full disk raises nothing."""
    return io.TextIOWrapper(log.open("ab", buffering=0), encoding="utf-8", errors="replace", write_through=True)


@final
class JobOutput:
    """Takes the lines of horovodrun; a rank's come as '[1]<stderr>:text', others are its own.

    `show` gets what rank 0 writes to its standard output, or `everything`. `names`: of processes that are no ranks.
    `failed`: rank and exit code of the first that failed.
    """

    def __init__(
        self, log: TextIO, show: Callable[[str], None], everything: bool = False, names: Sequence[str] = ()
    ) -> None:
        self._log = log
        self._names = names
        self._show = show
        self._everything = everything
        self._last: dict[int | None, deque[str]] = defaultdict(lambda: deque(maxlen=40))
        self.failed: tuple[int, int] | None = None

    def take(self, line: str) -> None:
        """One line, with or without its newline."""
        text = line.rstrip("\r\n")
        match = _OF_A_RANK.match(text)
        rank = int(match[1]) if match else None
        said = match[3] if match else text
        named = f"{'horovodrun' if rank is None else self._name(rank)}: {said}"
        # On a full disk too: the reason is in what the processes say.
        with contextlib.suppress(OSError):
            self._log.write(named + "\n")
            self._log.flush()
        if said.strip():
            self._last[rank].append(said.strip())
        # Who has closed the terminal has not stopped the job; and a job whose output nobody takes stands still.
        with contextlib.suppress(OSError):
            if self._everything:
                self._show(named)
            elif match and rank == 0 and match[2] == "stdout":
                self._show(said)
        ended = _EXIT.match(text)
        if ended and self.failed is None:
            self.failed = int(ended[1]), int(ended[2])

    def error(self, code: int, processes: int) -> NasError:
        """The error that ended the job, in one line; `code` is horovodrun's."""
        if self.failed is None:
            return ProcessFailed(f"horovodrun ended with exit code {code}: {self._reason(None)}")
        rank, status = self.failed
        own = next((line for line in reversed(self._last[rank]) if line.startswith("Error: ")), None)
        if own is not None:
            kinds: dict[int, type[NasError]] = {USAGE: ConfigError, ALONE: ProcessFailed}
            return kinds.get(status, LaunchError)(own.removeprefix("Error: "))
        how = f"ended with exit code {status}: {self._reason(rank)}"
        if status > 128:
            how = f"was killed by signal {status - 128}" + (", perhaps for lack of memory" if status == 137 else "")
        who = self._name(rank) if self._names else f"process {rank} of {processes}"
        return ProcessFailed(f"{who} {how}; the others were stopped", rank)

    def _name(self, rank: int) -> str:
        return self._names[rank] if self._names else f"rank {rank}"

    def _reason(self, rank: int | None) -> str:
        last = list(self._last[rank])
        exception = next((line for line in reversed(last) if _EXCEPTION.match(line)), None)
        return exception or " | ".join(last[-3:]) or "it said nothing"
