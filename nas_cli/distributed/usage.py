"""What a process has used: processor time, memory, and the network devices of its machine."""

import contextlib
import os
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

    cpu_seconds: float
    sent_bytes: int

    @staticmethod
    def start() -> "Meter":
        """A meter of this process."""
        return Meter(_cpu_seconds(), _sent_bytes())

    def used(self) -> dict[str, JSON]:
        """`cpu_seconds`, `sent_bytes`, and `peak_bytes`: the most memory that the process has ever had."""
        return {
            "cpu_seconds": _cpu_seconds() - self.cpu_seconds,
            "sent_bytes": _sent_bytes() - self.sent_bytes,
            "peak_bytes": peak_bytes(os.getpid()),
        }


def peak_bytes(pid: int) -> int:
    """The largest resident memory that a process has had; its present one where the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _cpu_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)


def _sent_bytes() -> int:
    counters = psutil.net_io_counters()
    return int(counters.bytes_sent) if counters is not None else 0
