"""What one of several processes takes of a batch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """The rows start … stop-1 of a batch. `weight`: see `share`; 0 means that the row counts for nothing."""

    start: int
    stop: int
    weight: float

    @property
    def rows(self) -> slice:
        """The rows as an index."""
        return slice(self.start, self.stop)


def share(examples: int, rank: int, size: int) -> Share:
    """The rows of process `rank` of `size` in a batch of `examples` rows, at least one.

    The parts follow one another and differ by at most one row: of W·b examples process r has r·b … (r+1)·b-1.
    The mean over processes of weight · (mean over own rows) is the mean over the batch: weight = rows · size /
    examples. A process for which no row is left takes one with weight 0, for it must join every reduction.
    """
    start, stop = rank * examples // size, (rank + 1) * examples // size
    if start == stop:
        row = min(start, examples - 1)
        return Share(row, row + 1, 0.0)
    return Share(start, stop, (stop - start) * size / examples)
