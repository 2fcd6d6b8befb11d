"""Document 2: the lecture on efficient neural networks, a catalogue of techniques, which it gives few figures of."""

from collections.abc import Callable

from nas_cli.reports.reproduction.folder import Folder
from nas_cli.reports.reproduction.row import Claim, Judged

NAME = "2. Lecture on efficient networks"
NOTHING = "nothing: the lecture has no protocol"


def topic(
    item: str, paper: str, place: str, command: str, judge: Callable[[Folder], Judged], reduced: str = NOTHING
) -> Claim:
    """A claim on one of its topics; `place`: folder/part, `command`: a script and its options."""
    folder, _, part = place.partition("/")
    scale = "full" if reduced == NOTHING else ""
    return Claim(NAME, item, paper, folder, part, f"python scripts/{command}", reduced, judge, scale=scale)
