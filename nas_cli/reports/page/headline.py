"""The figures a reader looks for first."""

from collections.abc import Iterable
from dataclasses import dataclass

from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import count, duration, grouped, percent, size
from nas_cli.reports.outcome import (
    failures,
    images_per_second,
    peak_memory_bytes,
    test_value,
    wall_seconds,
    wilson_interval,
)
from nas_cli.reports.page.elements import escape
from nas_cli.reports.plots.curves import best_point, points
from nas_cli.reports.source import Source


@dataclass(frozen=True)
class Figure:
    """One figure: its name, its value, and what must be said with it."""

    name: str
    value: str
    detail: str = ""


def headline(source: Source) -> str:
    """The figures as a row of boxes; those that the run does not have (yet) are left out."""
    return boxes(_figures(source))


def boxes(figures: Iterable[Figure]) -> str:
    """Figures as a row of boxes, without those that have no value."""
    found = [figure for figure in figures if figure.value not in ("", "–")]
    made = "".join(
        f'<div class="{"first" if figure is found[0] else ""}"><dt>{escape(figure.name)}</dt>'
        f'<dd class="value">{escape(figure.value)}</dd><dd class="detail">{escape(figure.detail)}</dd></div>'
        for figure in found
    )
    return f'<dl class="figures">{made}</dl>' if made else ""


def _figures(source: Source) -> list[Figure]:
    history = source.history
    return [
        _valid(history),
        _tested_valid(history),
        _test(history),
        *_costs(source),
        *_counts(history),
        *_times(history),
    ]


def _valid(history: History) -> Figure:
    measure, best = history.measure, history.best
    name = f"Best validation {measure.label}"
    if best is not None:
        return Figure(name, measure.text(history.score(best)), f"trial {best.id}, generation {best.generation}")
    line = points(history.epochs, f"valid_{measure.name}")
    if not line:
        return Figure(name, "")
    epoch, value = best_point(line, measure.higher_is_better)
    return Figure(name, measure.text(value), f"epoch {epoch:g} of {len(history.epochs)}")


def _tested_valid(history: History) -> Figure:
    """The validation value to read a single training's test value with, of the same weights, if it is another one."""
    text = history.measure.text(history.measure.valid(history.last("test").get("valid") or {}))
    known = text == _valid(history).value
    return Figure(f"Validation {history.measure.label}", "" if known else text, "of the network tested")


def _test(history: History) -> Figure:
    measure, value = history.tested, test_value(history)
    examples = finite(history.dataset.get("test"))
    detail = ""
    if value is not None and measure.unit == "%" and examples and 0 <= value <= 1:
        low, high = wilson_interval(value, int(examples))
        detail = f"95 % interval {low * 100:.1f}–{high * 100:.1f} % ({grouped(examples)} examples)"
    return Figure(f"Test {measure.label}", measure.text(value), detail)


def _costs(source: Source) -> list[Figure]:
    cost = source.cost
    memory = finite(cost.get("activation_bytes"))
    detail = f"{count(finite(cost.get('macs')))} MACs"
    best = source.history.best
    if best is not None and best.full_flops != best.flops:
        detail += f", {count(best.full_flops)} FLOPs before compression"
    return [
        Figure("FLOPs per example", count(finite(cost.get("flops"))), detail),
        Figure("Parameters", count(finite(cost.get("params"))), f"activations {size(memory)}" if memory else ""),
    ]


def _counts(history: History) -> list[Figure]:
    if not history.trials:
        return [Figure("Epochs", str(len(history.epochs)) if history.epochs else "")]
    generations = len({trial.generation for trial in history.trials})
    plural = "generation" if generations == 1 else "generations"
    failed = f"{len(history.failed)} failed" if history.failed else "none failed"
    return [Figure("Trials", str(len(history.trials)), f"{generations} {plural}, {failed}")]


def _times(history: History) -> list[Figure]:
    outside = (
        "" if history.trials and not history.trained else percent(finite(history.last("end").get("outside_fraction")))
    )
    unit = "images/s, one worker" if history.trials else "images/s"
    return [
        Figure("Wall time", duration(wall_seconds(history))),
        Figure("Outside training and evaluation", outside, "of the worker time; compilation counts as training"),
        Figure("Peak memory", size(peak_memory_bytes(history)), "all processes"),
        Figure("Training speed", count(images_per_second(history)), unit),
    ]


def failure_text(history: History) -> str:
    """'3 of 24 trials failed: 2 × out of memory, 1 × diverged.'; empty if none did."""
    if not history.failed:
        return ""
    reasons = "; ".join(f"{number} × {reason}" for reason, number in failures(history)[:6])
    return f"{len(history.failed)} of {len(history.trials)} trials failed: {reasons}."
