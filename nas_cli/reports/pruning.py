"""What a pruning run did to its network: both sides, round by round, layer by layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.shrinking import Change, Stage, before_after_lines, changes, stages

Event = Mapping[str, Any]

ARMS = {"main": "pruned", "random": "random criterion", "reinit": "same mask, new weights"}


@dataclass(frozen=True)
class Round:
    """One removal and the training behind it; `value` is the validation value after that training, `cut` right after
    the removal, `reinit` of the same mask on new weights; None where there is none (yet)."""

    arm: str
    number: int
    sparsity: float
    left: int
    total: int
    nonzero: int
    flops: int
    params: int
    value: float | None
    cut: float | None
    reinit: float | None
    tested: Event


@dataclass(frozen=True)
class LayerLeft:
    """What is left of one layer: weights or channels that can be removed, and all of them at the start."""

    name: str
    total: int
    left: int

    @property
    def density(self) -> float:
        """left / total."""
        return self.left / self.total


@dataclass(frozen=True)
class Pruned:
    """A pruning run as its journal tells it, finished or not."""

    history: History

    @cached_property
    def removals(self) -> list[Event]:
        """The removals of the run's own criterion, in order."""
        return self._removals("main")

    @cached_property
    def warnings(self) -> list[str]:
        """What the removals warned of, each text once."""
        found = (str(text) for event in self.history.of_kind("pruned") for text in event.get("warnings") or ())
        return list(dict.fromkeys(found))

    @cached_property
    def before(self) -> Event:
        """The original network's figures; times and file size only of a finished run."""
        start = self.history.start
        return self._sides.get("before") or {**(start.get("cost") or {}), "nonzero": start.get("nonzero")}

    @cached_property
    def after(self) -> Event:
        """The pruned network's figures; before the end, what the last removal came to; empty before the first."""
        last = self.removals[-1] if self.removals else {}
        tested = self.history.last("test")
        known = {**(last.get("cost") or {}), **(tested.get("valid") or {}), **(tested.get("metrics") or {})}
        return self._sides.get("after") or ({**known, "nonzero": last["nonzero"]} if last else known)

    @cached_property
    def random(self) -> Event:
        """The network pruned by the random criterion; empty without that arm, or before the end."""
        return self._sides.get("random") or {}

    @cached_property
    def changes(self) -> list[Change]:
        """Every figure that has at least its value before."""
        return changes(self.before, self.after)

    def change(self, name: str) -> Change | None:
        """The figure of that name, if the run has it."""
        return next((change for change in self.changes if change.name == name), None)

    @cached_property
    def rounds(self) -> list[Round]:
        """Every removal, those of the run's own criterion first."""
        return [self._round(event) for arm in ("main", "random") for event in self._removals(arm)]

    def of_arm(self, arm: str) -> list[Round]:
        """The rounds of one arm, main or random."""
        return [one for one in self.rounds if one.arm == arm]

    @cached_property
    def dense(self) -> float | None:
        """The validation value of the network that is not pruned: of the baseline, or before the first round."""
        ended = {event.get("phase"): event for event in self.history.of_kind("phase")}
        found = next((ended[kind] for kind in ("baseline", "train", "given") if kind in ended), {})
        return self.history.measure.valid(found.get("valid") or {})

    @cached_property
    def layers(self) -> list[LayerLeft]:
        """What the last removal left of each layer; empty before the first."""
        rows = self.removals[-1]["layers"] if self.removals else ()
        return [LayerLeft(str(row["name"]), int(row["total"]), int(row["left"])) for row in rows]

    @cached_property
    def sensitivity(self) -> dict[str, list[tuple[float, float]]]:
        """By layer, (share removed, validation value) of the scan, rising; empty without one."""
        found = {}
        for event in self.history.of_kind("sensitivity"):
            points = [(float(share), self.history.measure.valid(values)) for share, values in event["points"]]
            found[str(event["layer"])] = [(share, value) for share, value in points if value is not None]
        return found

    @cached_property
    def stages(self) -> list[Stage]:
        """The phases with epochs in order; without other arms and controls."""
        return stages(self.history)

    @property
    def unit(self) -> str:
        """What is counted: weights or channels."""
        return "channels" if self.removals and "groups" in self.removals[-1] else "weights"

    @property
    def _sides(self) -> Event:
        return self.history.last("end").get("prune") or {}

    def _removals(self, arm: str) -> list[Event]:
        return [event for event in self.history.of_kind("pruned") if event.get("arm") == arm]

    def _round(self, event: Event) -> Round:
        valid, arm = self.history.measure.valid, str(event["arm"])
        ended = [e for e in self.history.of_kind("phase") if e.get("round") == event["round"] and e.get("arm") == arm]
        tuned = [e for e in ended if e["phase"] in ("tune", "gradual")]
        again = [e for e in ended if e["phase"] == "reinit"]
        cut = valid(event.get("valid") or {})
        value = valid(tuned[-1]["valid"]) if tuned else None if event.get("epochs_after") else cut
        tested = self.history.last("test").get("rounds") or {}
        return Round(
            arm=arm,
            number=int(event["round"]),
            sparsity=float(event["sparsity"]),
            left=int(event["left"]),
            total=int(event["total"]),
            nonzero=int(event["nonzero"]),
            flops=int(event["cost"]["flops"]),
            params=int(event["cost"]["params"]),
            value=value,
            cut=cut,
            reinit=valid(again[-1]["valid"]) if again else None,
            tested=tested.get(tuned[-1]["name"], {}) if tuned else {},
        )


def pruned_lines(summary: Event) -> list[str]:
    """Lines for the end of a run, from the `prune` block of its summary."""
    before, after = summary["before"], summary["after"]
    own = [row for row in summary["rounds"] if row["arm"] == "main"][-1]
    gone = f"{own['left']:,} of {own['total']:,} that can go ({own['sparsity']:.1%} removed)"
    lines = [f"{'left':>16}: {gone}", f"{'nonzero':>16}: {before['nonzero']:,} to {after['nonzero']:,}"]
    lines += before_after_lines(summary)
    random: Mapping[str, Any] = summary.get("random") or {}
    for name in ("test_accuracy", "test_rmse"):
        if finite(random.get(name)) is not None:
            lines.append(
                f"{'by chance':>16}: {name.replace('_', ' ')} {random[name]:.4f}, {random['flops'] / 1e6:.1f} MFLOPs"
            )
    return lines


def shares(rounds: Sequence[Round]) -> list[tuple[float, float]]:
    """(sparsity, validation value) of the rounds that have one."""
    return [(one.sparsity, one.value) for one in rounds if one.value is not None]
