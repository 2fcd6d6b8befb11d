"""The journal of a search in memory, by what the loop asks of it."""

from collections.abc import Mapping
from typing import Any, final

from nas_cli.runs.journal import Event, Journal


@final
class Record:
    """All events of a run so far; every question is answered without going through them again."""

    def __init__(self, journal: Journal, events: list[Event]) -> None:
        self.events: list[Event] = []
        self.trials: dict[int, Event] = {}
        self._journal = journal
        self._generations: dict[int, Event] = {}
        self._kinds: set[str] = set()
        for event in events:
            self._take(event)

    def write(self, event: Mapping[str, Any]) -> Event:
        """Appends an event to the journal; the event as a reader of the journal sees it."""
        written = self._journal.append(event)
        self._take(written)
        return written

    def has(self, kind: str) -> bool:
        """True if there is an event of that kind."""
        return kind in self._kinds

    def generation(self, trials: int) -> Event | None:
        """The generation event that was written after so many trials were told."""
        return self._generations.get(trials)

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self._kinds.add(event["event"])
        if event["event"] == "trial":
            self.trials.setdefault(event["id"], event)
        elif event["event"] == "generation":
            self._generations.setdefault(event["trials"], event)
