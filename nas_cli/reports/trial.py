"""One trial of a run as its journal has it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nas_cli.reports.measure import finite
from nas_cli.spaces.candidate import Scalar

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """One trial event; numbers that the journal lacks are None."""

    event: Event

    @property
    def id(self) -> int:
        """The trial's number in the run, from 0."""
        return int(self.event["id"])

    @property
    def generation(self) -> int:
        """The batch that the trial was proposed in, from 0."""
        return int(self.event.get("generation") or 0)

    @cached_property
    def fitness(self) -> float | None:
        """Higher is better; None for a failed trial."""
        return finite(self.event.get("fitness")) if self.event.get("status") == "ok" else None

    @property
    def reason(self) -> str:
        """Why the trial failed, on one line; empty if it did not."""
        return " ".join(str(self.event.get("reason") or "").split())

    @property
    def metrics(self) -> Mapping[str, Any]:
        """valid_accuracy, train_seconds, …; empty if nothing was measured."""
        return self.event.get("metrics") or {}

    @property
    def cost(self) -> Mapping[str, Any]:
        """params, macs, flops, activation_bytes of the network that was trained: compressed, where it was."""
        return self._trained.get("cost") or {}

    @property
    def architecture(self) -> Mapping[str, Any]:
        """The network that was trained, as JSON; empty if the journal has none."""
        return self._trained.get("architecture") or {}

    @property
    def full_flops(self) -> float | None:
        """FLOPs of the network before its compression."""
        return finite((self.event.get("cost") or {}).get("flops"))

    @property
    def _trained(self) -> Mapping[str, Any]:
        return self.event.get("trained") or self.event

    @property
    def budget(self) -> int | None:
        """The epochs that the evaluation was given; None if it was the estimator's own number."""
        value = finite(self.event.get("budget"))
        return None if value is None else int(value)

    @cached_property
    def rank(self) -> tuple[int, float, int]:
        """What decides between two trials: budget, fitness, and, of equals, the first; failed ones come last."""
        fitness = self.fitness
        return self.budget or 0, -math.inf if fitness is None else fitness, -self.id

    @cached_property
    def decisions(self) -> Mapping[str, Scalar]:
        """Name → value, where the genotype is a flat mapping of plain values, or the candidate a point; else empty."""
        origin = self.event.get("origin") or {}
        for found in (origin.get("genotype"), self.architecture.get("point")):
            if isinstance(found, Mapping) and found and all(isinstance(v, Scalar) for v in found.values()):
                return found
        return {}

    @cached_property
    def digest(self) -> str:
        """The candidate that was proposed as one line of JSON: equal candidates of different runs have equal ones."""
        proposed = self.event.get("architecture") or {}
        return json.dumps(proposed, sort_keys=True, separators=(",", ":"))

    @property
    def curve(self) -> Sequence[Mapping[str, Any]]:
        """One mapping of metrics per epoch."""
        return self.event.get("curve") or ()

    @property
    def flops(self) -> float | None:
        """Floating-point operations of one forward pass of one example."""
        return finite(self.cost.get("flops"))
