"""What the figures of a benchmark rest on, where they are not those of chosen networks."""

from collections.abc import Mapping
from typing import Any

from nas_cli.reports.optimizer_study import CURVE_NOTE, INTERVAL_NOTE
from nas_cli.reports.source import Source

Fact = tuple[str, str]

COMPUTED = ("project", "advise")


def bench_facts(source: Source) -> list[Fact]:
    """Data, selection rule, budget, baseline and intervals of a benchmark."""
    mode = str(source.history.start.get("mode") or source.config.get("mode") or "")
    settings: Mapping[str, Any] = source.config.get("bench") or {}
    if mode == "optimizers":
        return _optimizers(source.history.start.get("study") or {})
    return _computed(source) if mode in COMPUTED else _measured(settings)


def _optimizers(study: Mapping[str, Any]) -> list[Fact]:
    names = study.get("optimizers") or ()
    rule = {
        "shared": f"none: one learning rate, {study.get('shared_rate')}, for every optimizer",
        "tuned": "the learning rate of each optimizer by its validation value",
    }
    protocol = str(study.get("protocol"))
    chosen = "; ".join(rule.values()) if protocol == "both" else rule.get(protocol, "")
    short = f", {study.get('tune_epochs')} to choose a learning rate" if protocol != "shared" else ""
    budget = f"{study.get('seeds')} seeds × {study.get('epochs')} epochs each{short}, batch {study.get('batch_size')}"
    return [
        ("Selection rule", f"{chosen}. {CURVE_NOTE}"),
        ("Budget", f"{budget}; {len(names)} optimizers, all from the same {study.get('seeds')} beginnings"),
        ("Baseline", "the same optimizers at the shared learning rate" if protocol == "both" else ""),
        ("Intervals", INTERVAL_NOTE),
    ]


def _computed(source: Source) -> list[Fact]:
    fitted = any(source.history.of_kind("calibration"))
    spread = "the standard error of each fitted number stands under Calibration" if fitted else "none is known"
    return [
        ("Data", "none: nothing is trained, every row follows from the hardware profiles"),
        ("Baseline", "one worker alone; workers that do not communicate"),
        ("Intervals", f"{spread}; the profiles' own numbers are taken as they are"),
    ]


def _measured(settings: Mapping[str, Any]) -> list[Fact]:
    sizes = f"{settings.get('image_size')} × {settings.get('image_size')} pixels, batch {settings.get('batch')}"
    known = settings.get("image_size") is not None and settings.get("batch") is not None
    steps = f"{settings.get('iterations')} timed steps after {settings.get('warmup')} of warm-up, in every process"
    return [
        ("Data", f"random images{f' of {sizes}' if known else ''}; nothing is chosen, no split is used"),
        ("Budget", steps if settings.get("iterations") is not None else ""),
        ("Baseline", "one process alone; as many processes that do not communicate"),
        ("Intervals", "uncertainty: standard error over the timed steps; jitter: their robust spread; one measurement"),
    ]
