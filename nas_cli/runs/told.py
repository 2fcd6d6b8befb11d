"""What a session of a run tells: its events, to the journal and to whoever listens."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from nas_cli.runs.journal import Journal

Event = Mapping[str, Any]


@final
class Told:
    """The events of a run: those of the journal, and new ones as they come.

    Only the first of several processes has a journal; the others keep their events to themselves.
    """

    def __init__(self, journal: Journal | None, events: Sequence[Event], on_event: Callable[[Event], None]) -> None:
        self.events: list[Event] = list(events)
        self._journal, self._on_event = journal, on_event

    @property
    def writes(self) -> bool:
        """True in the process that has the journal."""
        return self._journal is not None

    def record(self, event: Event) -> Event:
        """The event as the journal has it; without a journal as it is."""
        written = event if self._journal is None else self._journal.append(event)
        self.events.append(written)
        return written

    def say(self, event: Event) -> None:
        """Records an event, and shows it to the listener."""
        written = self.record(event)
        if self._journal is not None:
            self._on_event(written)

    def epochs(self, head: Event) -> Callable[[Event], None]:
        """A listener that says each epoch of the training head["name"] once, behind what `head` says of all of them.

        A checkpoint and its journal line are two writes: after a kill between them the epoch comes again.
        """
        known = {int(e["epoch"]) for e in self.events if e["event"] == "epoch" and e["name"] == head["name"]}

        def record(epoch: Event) -> None:
            if int(epoch["epoch"]) not in known:
                known.add(int(epoch["epoch"]))
                self.say({"event": "epoch", **head, **epoch})

        return record
