"""A claim of a document, and the row that it becomes."""

from collections.abc import Callable
from dataclasses import astuple, dataclass, fields

from nas_cli.reports.reproduction.folder import Folder

REPRODUCED = "reproduced"
DIRECTION = "direction only"
NOT = "not reproduced"
ALONE = "ours alone"
NOT_RUN = "not run yet"
IMPOSSIBLE = "not possible here"
SMOKE = "no verdict"

VERDICTS = {
    REPRODUCED: "same direction, and the ratio or difference within the bar that the row names",
    DIRECTION: "same direction, another size; of a row with several figures, some of them",
    NOT: "another direction, or none that the seeds agree on",
    ALONE: "the document gives no figure to compare with; the row says what was found",
    NOT_RUN: "the tables that the row reads are not there; the command makes them",
    IMPOSSIBLE: "hardware or data are missing; the row says what stands in, and what would run it",
}


@dataclass(frozen=True)
class Judged:
    """Ours in words, the verdict, and why."""

    ours: str
    verdict: str
    why: str


@dataclass(frozen=True)
class Claim:
    """One table, figure or statement of a document.

    `folder`, `part`: where its tables are below results/, and the row of their made.csv. `reduced`: what a reduced run
    leaves out against the document. `impossible`: what stands in and what would run it, where the claim cannot be
    tested; then `judge` reads the stand-in. `scale`: in words where it is neither reduced nor the document's own.
    """

    document: str
    item: str
    paper: str
    folder: str
    part: str
    command: str
    reduced: str
    judge: Callable[[Folder], Judged]
    impossible: str = ""
    scale: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the page; no field is empty."""

    document: str
    item: str
    paper: str
    ours: str
    scale: str
    reduced: str
    hardware: str
    time: str
    command: str
    verdict: str
    why: str

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: if a field is empty.
        """
        empty = [field.name for field, value in zip(fields(self), astuple(self), strict=True) if not value.strip()]
        if empty:
            raise ValueError(f"{self.item}: nothing in {', '.join(empty)}")
