"""Live progress of a search: a rich line on a terminal, plain lines elsewhere, always on stderr."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from nas_cli.data.download import Progress as DownloadProgress
from nas_cli.search.trials import better

MEASURES = ("loss", "accuracy", "rmse")
QUIET_SECONDS = 0.1
"""Shortest time between two lines about trials: a search that only looks scores up makes thousands in a second."""


class SearchProgress:
    """Shows trials, generations and the best so far; a context manager."""

    def __init__(self, trials: int, quiet: bool = False) -> None:
        self._console = Console(file=sys.stderr, highlight=False, markup=False, quiet=quiet)
        self._best: Mapping[str, Any] | None = None
        self._said = -1.0
        self._epochs: dict[int, str] = {}
        self._done = 0
        self._started = time.monotonic()
        self._bar: Progress | None = None
        if self._console.is_terminal and not quiet:
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False),
                console=self._console, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("trials", total=trials, note="")
        self._trials = trials

    def __enter__(self) -> "SearchProgress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()

    def note(self, text: str) -> None:
        """Print a line above the progress."""
        self._console.print(text, soft_wrap=True)

    def on_epoch(self, trial: int, progress: Mapping[str, float]) -> None:
        """Show how far the running trials are."""
        accuracy = progress.get("valid_accuracy")
        shown = "" if accuracy is None else f" {accuracy:.3f}"
        self._epochs[trial] = f"#{trial} epoch {progress['epoch']:.0f}/{progress['epochs']:.0f}{shown}"
        if self._bar:
            self._bar.update(self._task, note="  ".join(self._epochs.values()))

    def on_trial(self, event: Mapping[str, Any], replayed: bool) -> None:
        """Print a line for a finished trial; trials replayed from the journal only count."""
        self._done += 1
        self._epochs.pop(event["id"], None)
        self._best = better(self._best, event)
        if self._bar:
            self._bar.advance(self._task)
        if not replayed and self._may_speak():
            self._console.print(self._line(event), soft_wrap=True)

    def on_generation(self, event: Mapping[str, Any]) -> None:
        """Print the end of a generation with the best so far."""
        if not self._may_speak():
            return
        known = self._best
        best = "no score yet" if known is None else f"best so far {known['fitness']:.4f} (trial {known['id']})"
        minutes = (time.monotonic() - self._started) / 60
        self._console.print(f"generation {event['index']} done: {best}, {minutes:.1f} min", soft_wrap=True)

    def on_supernet(self, event: Mapping[str, Any]) -> None:
        """Print a line for an epoch of a supernet, or for what its search has come to."""
        line = _supernet_line(event)
        if line is not None:
            self._console.print(line, soft_wrap=True)

    def _may_speak(self) -> bool:
        """True unless a line was printed a moment ago: of a fast search only some trials and generations are shown."""
        now = time.monotonic()
        if now - self._said < QUIET_SECONDS:
            return False
        self._said = now
        return True

    def _line(self, event: Mapping[str, Any]) -> str:
        head = f"[{self._done}/{self._trials}] trial {event['id']}"
        if event["status"] == "failed":
            return f"{head} failed: {event['reason']}"
        parts = [f"{head} score {event['fitness']:.4f}"]
        if "budget" in event:
            parts.append(f"budget {event['budget']}")
        cost = event.get("trained", event)["cost"]
        if cost.get("flops") is not None:
            parts.append(f"{cost['flops'] / 1e6:.1f} MFLOPs")
        if cost.get("params") is not None:
            parts.append(f"{cost['params'] / 1e3:.0f} k parameters")
        return ", ".join([*parts, f"{event['seconds']:.1f} s"])


def _supernet_line(event: Mapping[str, Any]) -> str | None:
    if event["event"] == "supernet_cost":
        return (
            f"an epoch of the supernet takes {event['epoch_seconds']:.1f} s, of an ordinary network with as many "
            f"multiply-accumulates {event['ordinary_epoch_seconds']:.1f} s: {event['ratio']:.1f} times as long"
        )
    if event["event"] == "structure":
        parts = [f"supernet {event['search']} epoch {event['epoch']}/{event['epochs']} {shown_values(event)}"]
        if "signs" in event:
            skips = ", ".join(f"{count} in {kind}" for kind, count in event["signs"]["skips"].items())
            parts.append(f"skips: {skips}")
        return ", ".join([*parts, f"{event['seconds']:.1f} s"])
    ended = f"supernet {event['search']} done after {event['epochs']} epochs, {event['seconds']:.0f} s"
    return ended if event["stopped"] is None else f"{ended}: {event['stopped']}"


class TrainingProgress:
    """Shows the epochs of one training; a context manager."""

    def __init__(self, epochs: int) -> None:
        self._console = Console(file=sys.stderr, highlight=False, markup=False)
        self._epochs = epochs

    def __enter__(self) -> "TrainingProgress":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def note(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, soft_wrap=True)

    def on_epoch(self, event: Mapping[str, Any]) -> None:
        """Print one line per finished epoch."""
        self.note(f"epoch {event['epoch']:.0f}/{self._epochs} {shown_values(event)}, {event['seconds']:.1f} s")


class MorphProgress(TrainingProgress):
    """Shows the epochs of every phase of a morph run, and what each shrinking came to; a context manager."""

    def __init__(self) -> None:
        super().__init__(0)

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Print a line per epoch and per shrinking, and one for each warning."""
        if event["event"] == "epoch":
            self.note(_epoch_line(event))
        elif event["event"] == "shrunk":
            for text in (_shrunk_line(event), *(f"warning: {text}" for text in event["warnings"])):
                self.note(text)
        elif event["phase"] == "given":
            self.note(f"as it came: {shown_values(event['valid'])}")


def _epoch_line(event: Mapping[str, Any]) -> str:
    parts = [f"{event['name']} {event['epoch']:.0f}/{event['epochs']:.0f} {shown_values(event)}"]
    # An epoch whose line was lost in a kill is known by its checkpoint, which has no counts.
    if "alive" in event:
        parts.append(f"{event['alive']:,} of {event['channels']:,} channels alive, {event['flops'] / 1e6:.1f} MFLOPs")
    return ", ".join([*parts, f"{event['seconds']:.1f} s"])


def _shrunk_line(event: Mapping[str, Any]) -> str:
    before, after = (sum(group[key] for group in event["groups"]) for key in ("before", "after"))
    share = event["cost_after"] / event["cost_before"]
    return (
        f"{event['name']}: {before:,} channels to {after:,}, {share:.1%} of the cost, "
        f"{event['cost']['flops'] / 1e6:.1f} MFLOPs, {event['cost']['params']:,} parameters; "
        f"{shown_values(event['valid'])}"
    )


def shown_values(event: Mapping[str, Any]) -> str:
    """'train loss 0.3012, valid accuracy 0.9123': the losses and scores of an event."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.4f}" for name, value in event.items() if name.endswith(MEASURES)
    )


def download_lines(note: Callable[[str], None]) -> DownloadProgress:
    """A listener for downloads that notes every tenth of a file, with its size in MB."""
    last: dict[str, int] = {}

    def show(name: str, done: int, total: int | None) -> None:
        tenth = 10 * done // total if total else done // 10**7
        if tenth != last.get(name):
            last[name] = tenth
            of = f" of {total / 1e6:.0f}" if total else ""
            note(f"downloading {name}: {done / 1e6:.0f}{of} MB")

    return show
