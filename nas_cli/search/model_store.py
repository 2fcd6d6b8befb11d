"""The trained networks of trials that are still needed."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, final

from nas_cli.search.trials import best_trial, rank


@final
class ModelStore:
    """A folder that holds at most the network of the best trial so far and of trials not yet in the journal.

    A network is on disk before its trial's line is in the journal, and the former best is deleted after it: a kill
    at any instant leaves the best trial of the journal with its network. With `keep_all` the networks of all trials of
    the journal stay.
    """

    def __init__(self, folder: Path, events: Iterable[Mapping[str, Any]], keep_all: bool = False) -> None:
        """Clears away what a killed run left behind; `events` are those of the journal so far."""
        self._folder = folder
        self._keep_all = keep_all
        trials = [event for event in events if event["event"] == "trial"]
        self._best = best_trial(trials)
        kept = trials if keep_all else [] if self._best is None else [self._best]
        keep = {self.file(event["id"]) for event in kept}
        for file in folder.iterdir() if folder.is_dir() else ():
            if file not in keep:
                file.unlink(missing_ok=True)

    def file(self, trial: int) -> Path:
        """Where the network of a trial lies."""
        return self._folder / f"{trial}.keras"

    def settle(self, event: Mapping[str, Any]) -> None:
        """Deletes the network that is not needed any more, now that `event` is in the journal."""
        loser: Mapping[str, Any] | None = event
        if event["fitness"] is not None and (self._best is None or rank(event) > rank(self._best)):
            loser, self._best = self._best, event
        if loser is not None and not self._keep_all:
            self.file(loser["id"]).unlink(missing_ok=True)
