"""What the journal of a morph run says at the end of a phase and of the run."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.morph.length import tried_multipliers
from nas_cli.morph.phases import Phase
from nas_cli.morph.settings import MorphSettings
from nas_cli.runs.conclusion import spent
from nas_cli.training.result import FitResult
from nas_cli.training.result import ended as result_block

Event = Mapping[str, Any]


def ended(phase: Phase, result: FitResult, restore_best: bool) -> dict[str, Any]:
    """The event of a finished training; `valid` holds the values of the weights that it ended with."""
    head = {"event": "phase", "phase": phase.kind, "name": phase.name, "iteration": phase.iteration}
    return head | result_block(result, restore_best)


def numbered(epoch: Event, settings: MorphSettings, each: int) -> dict[str, Any]:
    """An epoch of a shrinking phase, counted on through all multipliers that are tried.

    `each`: epochs planned for every multiplier, also where time was over before.
    """
    tried = tried_multipliers(settings)
    before = tried.index(epoch["multiplier"]) * each
    return {**epoch, "epoch": epoch["epoch"] + before, "epochs": each * len(tried)}


def end_event(events: Sequence[Event], sides: Mapping[str, Any]) -> dict[str, Any]:
    """The last event: times over all phases, and both sides of the comparison."""
    return {"event": "end", "stopped": "completed", **spent(events, "shrunk"), "morph": dict(sides)}
