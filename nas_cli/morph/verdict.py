"""What a user should know about a shrinking phase that did not do what was wanted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nas_cli.morph.settings import MorphSettings

LEAST_MOVE = 0.01
"""A phase that moves its cost by less than this share has done nothing."""

OWN_SHARE = 0.5
"""Where less of a wanted reduction than this comes from channels that died, accuracy will suffer from the rest."""

NAMED = 5


@dataclass(frozen=True)
class Evidence:
    """What a phase did. Shares of the initial cost: `alive_at_start` and `alive` of the units over their thresholds,
    `selected` of what is to stay. `relevance_lost`: the share by which the relevance, weighted by cost, fell.
    `channels`: units that can be removed. `reached`: whether the wanted reduction is. `undone`: layers whose kernels'
    norms count although a batch norm follows.
    """

    multiplier: float
    steps: int
    channels: int
    learning_rate: float
    out_of_time: bool
    alive_at_start: float
    alive: float
    relevance_lost: float
    selected: float
    reached: bool
    omega: float | None
    dead: Sequence[str]
    undone: Sequence[str]


def warnings(settings: MorphSettings, evidence: Evidence) -> tuple[str, ...]:
    """One line for each thing that went otherwise than the settings ask."""
    return tuple(_lines(settings, evidence))


def _lines(settings: MorphSettings, evidence: Evidence) -> Iterator[str]:
    if evidence.out_of_time:
        yield "the shrinking phase was cut short: training.max_seconds was over."
    yield from _unmoved(settings, evidence)
    if not evidence.reached:
        yield (
            f"morph.reduction={settings.reduction:g} cannot be reached with morph.min_channels={settings.min_channels} "
            f"and morph.round_to={settings.round_to}: {settings.target} falls by {1 - evidence.selected:.1%}."
        )
    if evidence.omega == 1.0 and settings.expand is not None and evidence.selected > settings.expand:
        yield (
            f"no expansion: {settings.target} is at {evidence.selected:.1%} of the initial cost already, above "
            f"morph.expand={settings.expand:g}."
        )
    if evidence.dead:
        yield (
            f"no channel was left alive in {_named(evidence.dead)}: morph.min_channels={settings.min_channels} "
            "decides what stays there; lower morph.multiplier."
        )
    if evidence.undone:
        yield (
            f"a batch norm undoes the scale of the kernels of {_named(evidence.undone)}, so their norms say little: "
            "use morph.regularizer=auto, and batch norms with scale=True."
        )


def _unmoved(settings: MorphSettings, evidence: Evidence) -> Iterator[str]:
    knobs = (
        f"morph.multiplier ({evidence.multiplier:g}), morph.learning_rate ({evidence.learning_rate:g}) or the length "
        f"of the phase ({evidence.steps} steps)"
    )
    if settings.proximal and evidence.steps:
        needed = evidence.channels / (evidence.learning_rate * evidence.steps)
        knobs += f"; with morph.proximal=true a multiplier of about {needed:.2g} brings a scale of 1 to zero"
    moved = evidence.alive_at_start - evidence.alive
    if settings.reduction is None and moved < LEAST_MOVE * evidence.alive_at_start:
        yield f"the shrinking phase moved {settings.target} by {moved / evidence.alive_at_start:.1%}: raise {knobs}."
    elif settings.reduction is not None and evidence.relevance_lost < LEAST_MOVE:
        yield (
            f"the shrinking phase lowered the relevance of the channels by {evidence.relevance_lost:.1%}, so that the "
            f"choice of channels says little: raise {knobs}."
        )
    elif settings.reduction is not None and moved < OWN_SHARE * settings.reduction * evidence.alive_at_start:
        yield (
            f"dead channels account for {moved / evidence.alive_at_start:.1%} of the {settings.target} of the "
            f"{settings.reduction:.0%} that were to go; the others are those of least relevance, which still were of "
            f"use: raise {knobs}."
        )


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
