"""What is computed of a timed all-reduce: bandwidth on the bus, processor seconds per byte, shares of the ceilings."""

from collections.abc import Sequence

GIGA = 1e9


def passes(processes: int) -> float:
    """How often each process sends the size of a message in a ring all-reduce: 2 (N-1) / N."""
    return 2 * (processes - 1) / processes


def bus_bandwidth(message_bytes: int, seconds: float, processes: int) -> float:
    """Bytes per second that each process sends: S / t · 2 (N-1) / N. It does not depend on N where links are the limit;
    on one host, where all share the processor and the memory, N times it does not."""
    return message_bytes / seconds * passes(processes)


def ring_bytes(message_bytes: int, processes: int) -> float:
    """Bytes that all processes together send for one message."""
    return processes * message_bytes * passes(processes)


def chunks(message_bytes: int, processes: int) -> list[int]:
    """The bytes of each of the N chunks of a message, which differ by at most one."""
    return [(i + 1) * message_bytes // processes - i * message_bytes // processes for i in range(processes)]


def sent_bytes(message_bytes: int, processes: int, rank: int) -> int:
    """Bytes that process `rank` sends in a ring all-reduce: all chunks but its next one, then all but the one after."""
    sizes = chunks(message_bytes, processes)
    return 2 * message_bytes - sizes[(rank + 1) % processes] - sizes[(rank + 2) % processes]


def seconds_per_gigabyte(cpu_seconds: float, moved_bytes: float) -> float:
    """Processor seconds for each 10^9 bytes that were moved."""
    return cpu_seconds / (moved_bytes / GIGA)


def slowest(by_rank: Sequence[Sequence[float]]) -> list[float]:
    """The seconds of each operation: those of the process that took longest."""
    return [max(times) for times in zip(*by_rank, strict=True)]
