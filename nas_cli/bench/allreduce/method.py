"""What is timed: all-reduces of Horovod with its settings, the two ceilings, and both directions of a server."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

HOROVOD, SHIFT, MEMCPY, PULL, PUSH = "horovod", "shift", "memcpy", "ps-pull", "ps-push"
SERVED = (PULL, PUSH)
CEILINGS = (SHIFT, MEMCPY)
NUMBER_BYTES = 4
MEGABYTE = 10**6

KEYS = ("method", "cycle_ms", "fusion_mb", "pieces")


@dataclass(frozen=True)
class Method:
    """A way of moving a message. `cycle_ms`, `fusion_mb`: Horovod's settings; `pieces`: tensors of the message, which
    are handed over at once. Horovod does not join what is one tensor, whatever its threshold."""

    method: str
    cycle_ms: float | None = None
    fusion_mb: int | None = None
    pieces: int = 1

    @property
    def label(self) -> str:
        """Its name for a reader."""
        if self.method != HOROVOD:
            return self.method
        text = f"{self.method}, cycle {self.cycle_ms:g} ms"
        return text if self.pieces == 1 else f"{text}, {self.pieces} tensors, fusion {self.fusion_mb} MB"


def ring_methods(cycles_ms: Sequence[float], fusions_mb: Sequence[int], pieces: int) -> Iterator[Method]:
    """Both ceilings; one tensor with every cycle time; several with every threshold, at the first cycle time."""
    yield from (Method(name) for name in CEILINGS)
    largest = max(fusions_mb)
    for cycle in dict.fromkeys(cycles_ms):
        yield Method(HOROVOD, cycle, largest)
    if pieces > 1:
        for fusion in dict.fromkeys(fusions_mb):
            yield Method(HOROVOD, cycles_ms[0], fusion, pieces)


def beginnings(methods: Iterable[Method]) -> list[tuple[Method, ...]]:
    """The methods in groups for which Horovod begins with the same settings; the ceilings are in each."""
    found = list(methods)
    ceilings = [method for method in found if method.method in CEILINGS]
    groups: dict[tuple[float | None, int | None], list[Method]] = {}
    for method in found:
        if method not in ceilings:
            groups.setdefault((method.cycle_ms, method.fusion_mb), []).append(method)
    return [(*ceilings, *group) for group in groups.values()]


def method_of(row: dict[str, Any]) -> Method:
    """The method of a row."""
    return Method(*[row[key] for key in KEYS])


def message_bytes(megabytes: float) -> int:
    """A message of about so many 10^6 bytes: whole float32 numbers, at least one."""
    return NUMBER_BYTES * max(1, round(megabytes * MEGABYTE / NUMBER_BYTES))


def parts(numbers: int, pieces: int) -> list[int]:
    """`numbers` numbers in that many tensors, or one each where there are fewer."""
    count = min(pieces, numbers)
    return [(i + 1) * numbers // count - i * numbers // count for i in range(count)]


def operations(size_bytes: int, least: int = 2, most: int = 50) -> int:
    """How often a message of this size is moved before it is the next method's turn: some ten milliseconds' worth."""
    return max(least, min(most, 16 * MEGABYTE // size_bytes))
