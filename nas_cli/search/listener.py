"""Who wants to hear how a search goes: the progress display."""

from collections.abc import Mapping
from typing import Any, Protocol, final


class Listener(Protocol):
    """Told what happens while it happens, in the process of the search."""

    def on_epoch(self, trial: int, progress: Mapping[str, float]) -> None:
        """An epoch of a running trial ended: {"epoch": 1, "epochs": 8, "valid_accuracy": …}."""
        ...

    def on_trial(self, event: Mapping[str, Any], replayed: bool) -> None:
        """A trial is in the journal; `replayed` if an earlier process put it there."""
        ...

    def on_generation(self, event: Mapping[str, Any]) -> None:
        """All trials of a batch are finished, and the strategy knows their outcomes."""
        ...


@final
class Silent:
    """A listener that shows nothing."""

    def on_epoch(self, trial: int, progress: Mapping[str, float]) -> None:
        pass

    def on_trial(self, event: Mapping[str, Any], replayed: bool) -> None:
        pass

    def on_generation(self, event: Mapping[str, Any]) -> None:
        pass
