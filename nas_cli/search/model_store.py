"""The trained networks of trials that are still needed."""

from collections.abc import Iterable
from pathlib import Path
from typing import final

from nas_cli.runs.journal import Event
from nas_cli.search.trials import better


@final
class ModelStore:
    """A folder that holds at most the network of the best trial so far and of trials not yet in the journal.

    A network is on disk before its trial's line is in the journal, and the former best is deleted after it: a kill
    at any instant leaves the best trial of the journal with its network. With `keep_all` the networks of all trials of
    the journal stay.
    """

    def __init__(self, folder: Path, events: Iterable[Event], keep_all: bool = False) -> None:
        """Clears away what a killed run left behind; `events` are those of the journal so far."""
        self._folder = folder
        self._keep_all = keep_all
        trials = [event for event in events if event["event"] == "trial"]
        self._best: Event | None = None
        for event in trials:
            self._best = better(self._best, event)
        kept = trials if keep_all else [] if self._best is None else [self._best]
        keep = {self.file(event["id"]) for event in kept}
        for file in folder.iterdir() if folder.is_dir() else ():
            if file not in keep:
                file.unlink(missing_ok=True)

    def file(self, trial: int) -> Path:
        """Where the network of a trial lies."""
        return self._folder / f"{trial}.keras"

    def settle(self, event: Event) -> None:
        """Deletes the network that is not needed any more, now that `event` is in the journal."""
        before, self._best = self._best, better(self._best, event)
        loser = event if self._best is before else before
        if loser is not None and not self._keep_all:
            self.file(loser["id"]).unlink(missing_ok=True)
