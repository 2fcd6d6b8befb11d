"""The trained networks of trials that may still become the best."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, final

from nas_cli.search.trials import best_trial, rank


@final
class ModelStore:
    """A folder that holds at most the network of the best trial so far and of trials not yet in the journal.

    A network is on disk before its trial's line is in the journal, and the former best is deleted after it: a kill
    at any instant leaves the best trial of the journal with its network.
    """

    def __init__(self, folder: Path, events: Iterable[Mapping[str, Any]]) -> None:
        """Clears away what a killed run left behind; `events` are those of the journal so far."""
        self._folder = folder
        self._best = best_trial(events)
        keep = None if self._best is None else self.file(self._best["id"])
        for file in folder.iterdir() if folder.is_dir() else ():
            if file != keep:
                file.unlink(missing_ok=True)

    def file(self, trial: int) -> Path:
        """Where the network of a trial lies."""
        return self._folder / f"{trial}.keras"

    def settle(self, event: Mapping[str, Any]) -> None:
        """Deletes the network that cannot be the best any more, now that `event` is in the journal."""
        loser: Mapping[str, Any] | None = event
        if event["fitness"] is not None and (self._best is None or rank(event) > rank(self._best)):
            loser, self._best = self._best, event
        if loser is not None:
            self.file(loser["id"]).unlink(missing_ok=True)
