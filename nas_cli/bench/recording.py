"""The journal of a run that measures: begun or continued, each event as it comes, and summary.json at the end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

from nas_cli.runs.folder import RunFolder
from nas_cli.runs.journal import Journal

VERSION = 1

Event = Mapping[str, Any]


@final
class Recording:
    """The events of a run, which grow with its journal.

    A start event, or one that the run goes on, is written before the first new one only: a session that finds nothing
    to do leaves no trace.
    """

    def __init__(self, journal: Journal, events: list[Event], start: Event, launched: float) -> None:
        self._journal, self._events = journal, events
        self._start, self._launched = start, launched

    def rows(self) -> list[dict[str, Any]]:
        """Those measured so far, in order."""
        return [dict(row) for event in self._events if event["event"] == "measured" for row in event["rows"]]

    def record(self, event: Event) -> None:
        """Writes an event."""
        if not self._events:
            self._append({"event": "start", "version": VERSION, **self._start, "launched": self._launched})
        elif self._launched:
            self._append({"event": "resume", "launched": self._launched})
        self._launched = 0.0
        self._append(event)

    def _append(self, event: Event) -> None:
        self._events.append(self._journal.append(event))


@contextmanager
def recording(
    run: RunFolder, start: Event, launched: float, summarise: Callable[[Sequence[Event]], Mapping[str, Any]]
) -> Iterator[Recording | None]:
    """A session of the run; None if it is complete. However it ends, summary.json says how far the run has come.

    `start`: of the start event, with a seed. `launched`: when the process began to work for this run (unix seconds).
    Other events are `measured`, with rows, and end.
    """
    events: list[Event] = list(run.events())
    try:
        if any(event["event"] == "end" for event in events):
            yield None
        else:
            with run.journal() as journal:
                yield Recording(journal, events, start, launched)
    finally:
        if events:
            run.write_json("summary.json", dict(summarise(events)))
