"""What processes have used: processor time, memory, and the network devices of this machine."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import psutil

from nas_cli.distributed.ring import JSON


@final
@dataclass(frozen=True)
class Meter:
    """Begun with `start`, read with `used`: differences since then.

    Bytes are those that all network devices here have sent, loopback included, of this job and of anything else.
    """

    pids: tuple[int, ...]
    cpu_seconds: float
    sent_bytes: int

    @staticmethod
    def start(pids: Iterable[int]) -> "Meter":
        """A meter of these processes."""
        known = tuple(pids)
        return Meter(known, _cpu_seconds(known), _sent_bytes())

    def used(self) -> dict[str, JSON]:
        """`cpu_seconds` of all processes, `sent_bytes`, and `peak_bytes`: the most memory that each has ever had,
        added up."""
        return {
            "cpu_seconds": _cpu_seconds(self.pids) - self.cpu_seconds,
            "sent_bytes": _sent_bytes() - self.sent_bytes,
            "peak_bytes": sum(map(peak_bytes, self.pids)),
        }


def peak_bytes(pid: int) -> int:
    """The largest resident memory that a process has had; its present one where the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _cpu_seconds(pids: Sequence[int]) -> float:
    seconds = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            seconds += times.user + times.system
    return seconds


def _sent_bytes() -> int:
    counters = psutil.net_io_counters()
    return int(counters.bytes_sent) if counters is not None else 0
