"""What a morph run did to its network: both sides, layer by layer, and epoch by epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from nas_cli.reports.distillation import loss_in_words
from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import count, duration, size

Event = Mapping[str, Any]

WEIGHTS = {
    "baseline": "the original network, trained as long",
    "train": "after the first training",
    "given": "with the weights it came with",
    "shrink": "with the weights of the shrinking phase",
    "retrain": "retrained",
    "pruned": "after the last round",
    "random": "pruned by the random criterion",
}
"""What a network had been through when its accuracy was measured."""


@dataclass(frozen=True)
class Change:
    """One figure before and after; None where it is not known (yet). `kind` says how it is written."""

    name: str
    kind: str
    before: float | None
    after: float | None

    @property
    def share(self) -> float | None:
        """after / before; None if one of them is missing."""
        return None if not self.before or self.after is None else self.after / self.before

    def text(self, value: float | None) -> str:
        """A value of this figure for people."""
        if self.kind == "bytes":
            return size(value)
        if self.kind == "ms":
            return "–" if value is None else duration_ms(value)
        return count(value)


class Compared(Protocol):
    """A run that made one network of another: their figures."""

    @property
    def history(self) -> History:
        """Its journal."""

    @property
    def before(self) -> Event:
        """The figures of the network as it was."""

    @property
    def after(self) -> Event:
        """The figures of the network that was made of it; empty before there is one."""

    @property
    def changes(self) -> list[Change]:
        """Every figure that has at least its value before."""


@dataclass(frozen=True)
class LayerChange:
    """One layer on both sides: {kind, output_shape, macs, params, channels}; `after` is empty if it was removed."""

    name: str
    before: Event
    after: Event

    def number(self, side: str, key: str) -> int:
        """A count on one side; 0 for a layer that is gone."""
        return int((self.before if side == "before" else self.after).get(key, 0))


@dataclass(frozen=True)
class Stage:
    """One phase: its epochs in order, and the place of its first on an axis of all epochs (0 for the first)."""

    name: str
    kind: str
    begin: int
    epochs: Sequence[Event]


@dataclass(frozen=True)
class Shrinking:
    """A morph run as its journal tells it, finished or not."""

    history: History

    @cached_property
    def shrunk(self) -> list[Event]:
        """The finished shrinking phases, in order."""
        return list(self.history.of_kind("shrunk"))

    @cached_property
    def warnings(self) -> list[str]:
        """What the phases warned of, each text once."""
        return list(dict.fromkeys(str(text) for event in self.shrunk for text in event.get("warnings") or ()))

    @cached_property
    def before(self) -> Event:
        """The original network's figures; times and file size only of a finished run."""
        sides = self.history.last("end").get("morph") or {}
        return sides.get("before") or self.history.start.get("cost") or {}

    @cached_property
    def after(self) -> Event:
        """The smaller network's figures; before the end, what the last shrinking came to; empty before the first."""
        sides = self.history.last("end").get("morph") or {}
        last = self.shrunk[-1] if self.shrunk else {}
        tested = self.history.last("test")
        known = {**(last.get("cost") or {}), **(tested.get("valid") or {}), **(tested.get("metrics") or {})}
        return sides.get("after") or known

    @cached_property
    def changes(self) -> list[Change]:
        """Every figure that has at least its value before."""
        return changes(self.before, self.after)

    def change(self, name: str) -> Change | None:
        """The figure of that name, if the run has it."""
        return next((change for change in self.changes if change.name == name), None)

    @cached_property
    def layers(self) -> list[LayerChange]:
        """The layers that multiply, in the order of the original network."""
        rows = [row for row in self.history.start.get("layers") or () if row.get("macs")]
        if not self.shrunk:
            return [LayerChange(str(row["name"]), row, row) for row in rows]
        return [LayerChange(str(row["name"]), row, self._now(str(row["name"]))) for row in rows]

    @cached_property
    def all_layers(self) -> list[LayerChange]:
        """The layers with weights or multiplications."""
        rows = self.history.start.get("layers") or ()
        return [LayerChange(str(row["name"]), row, self._now(str(row["name"]))) for row in rows]

    @cached_property
    def stages(self) -> list[Stage]:
        """The phases in order; a baseline ends where the smaller network's last training does."""
        return stages(self.history)

    @property
    def channels(self) -> tuple[int, int] | None:
        """Removable channels before the first and after the last shrinking; None before the first has ended."""
        if not self.shrunk:
            return None
        first, last = self.shrunk[0]["groups"], self.shrunk[-1]["groups"]
        return sum(group["before"] for group in first), sum(group["after"] for group in last)

    def _now(self, name: str) -> Event:
        rows = self.shrunk[-1].get("layers") or () if self.shrunk else self.history.start.get("layers") or ()
        found = {row["name"]: row for row in rows}
        # Shrinking flattens nested models: 'stem/conv' becomes 'stem_conv'.
        return found.get(name) or found.get(name.replace("/", "_")) or {}


FIGURES = (
    ("FLOPs per image", "count", "flops"),
    ("MACs per image", "count", "macs"),
    ("Parameters", "count", "params"),
    ("Weights that are not zero", "count", "nonzero"),
    ("Activation memory", "bytes", "activation_bytes"),
    ("File size", "bytes", "file_bytes"),
    ("File size, compressed", "bytes", "compressed_bytes"),
)
"""Name, kind and key of the figures of a network."""


def changes(before: Event, after: Event) -> list[Change]:
    """Every figure of two sides that has at least its value before."""
    found = [Change(name, kind, finite(before.get(key)), finite(after.get(key))) for name, kind, key in FIGURES]
    for batch in (1, 32):
        values = [finite((side.get("ms_per_image") or {}).get(f"batch_{batch}")) for side in (before, after)]
        found.append(Change(f"Time per image, batch {batch}", "ms", *values))
    return [change for change in found if change.before is not None]


BESIDE = ("baseline", "reinit")
"""Phases that are no part of the way to the result."""


def stages(history: History) -> list[Stage]:
    """The phases of a run in order; a baseline ends where the smaller network's last training does.

    Other arms and controls of a run are left out.
    """
    names: dict[str, list[Event]] = {}
    for epoch in history.epochs:
        names.setdefault(str(epoch.get("name")), []).append(epoch)
    found: list[Stage] = []
    begin = 0
    for name, epochs in names.items():
        kind = str(epochs[0].get("phase"))
        if kind not in BESIDE and str(epochs[0].get("arm", "main")) == "main":
            found.append(Stage(name, kind, begin, epochs))
            begin += len(epochs)
    if "baseline" in names:
        found.append(Stage("baseline", "baseline", max(0, begin - len(names["baseline"])), names["baseline"]))
    return found


def duration_ms(value: float) -> str:
    """Milliseconds as '12.3 ms', '0.123 ms'; from a second on as seconds."""
    if value >= 1000:
        return duration(value / 1000)
    return f"{value:.3g} ms"


def before_after_lines(summary: Event) -> list[str]:
    """Lines for the end of a run, from the `morph` or `prune` block of its summary."""
    before, after = summary["before"], summary["after"]
    lines = []
    for name, key, text in (
        ("FLOPs", "flops", count),
        ("parameters", "params", count),
        ("file", "file_bytes", size),
    ):
        lines.append(f"{name:>16}: {text(before[key])} to {text(after[key])} ({_percent(before[key], after[key])})")
    for batch in (1, 32):
        old, new = (side["ms_per_image"][f"batch_{batch}"] for side in (before, after))
        where = f"ms, batch {batch}"
        lines.append(f"{where:>16}: {old:.3g} to {new:.3g} per image ({_percent(old, new)})")
    for name in ("valid_accuracy", "test_accuracy", "valid_rmse", "test_rmse"):
        if name in after:
            old = f"{before[name]:.4f}" if name in before else "unknown"
            lines.append(f"{name.replace('_', ' '):>16}: {old} to {after[name]:.4f}")
    if before.get("weights"):
        lines.append(f"(accuracy before: {WEIGHTS[before['weights']]})")
    if summary.get("teacher"):
        lines.append(f"({taught(summary['teacher'])})")
    return lines


def taught(settings: Event) -> str:
    """That the network as it was took part in a training behind a removal, by these settings of a distillation."""
    return f"taught by the trained network before anything was removed: {loss_in_words(settings)}"


def _percent(before: float, after: float) -> str:
    return f"{100 * (after / before - 1):+.1f} %"
