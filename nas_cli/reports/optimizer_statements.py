"""What Polishchuk et al. (2019) says of its optimizers, and whether a study shows the same, by one rule per kind."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from statistics import fmean

from nas_cli.reports.optimizer_study import RowKey, Study, mean_of, paired

REPRODUCED, UNSURE, NOT = "reproduced", "not told from chance", "not reproduced"
UNTESTED = "not tested"
STUDIED = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adagrad", "nadam")
PAPER_EPOCHS = 150


@dataclass(frozen=True)
class Statement:
    """A statement with its figures in the document, the rule that decides it, and where it stands."""

    text: str
    figures: tuple[str, ...]
    rule: str
    subjects: tuple[str, ...]
    others: tuple[str, ...]
    measure: str
    value: float
    tolerance: float
    source: str


@dataclass(frozen=True)
class Finding:
    """A verdict (reproduced, not told from chance, not reproduced, not tested), and what was measured."""

    verdict: str
    measured: str


def statements() -> list[Statement]:
    """The article's statements, in its order."""
    text = (resources.files("nas_cli.reports") / "optimizer_statements.csv").read_text(encoding="utf-8")
    return [
        Statement(
            text=row["statement"],
            figures=tuple(row["figures"].split()),
            rule=row["rule"],
            subjects=tuple(row["subjects"].split()),
            others=tuple(row["others"].split()),
            measure=row["measure"],
            value=float(row["value"] or 0),
            tolerance=float(row["tolerance"] or 0),
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    ]


def beside(figures: str, study: Study, protocol: str) -> str:
    """The article's statements on its figures, each with what the study shows; '' where it says nothing."""
    told = []
    for statement in statements():
        if figures in statement.figures:
            found = judge(statement, study, protocol)
            told.append(f"{statement.text}: {found.verdict} ({found.measured}).")
    return " ".join(["The document:", *told]) if told else ""


def judge(statement: Statement, study: Study, protocol: str) -> Finding:
    """Whether the study shows what the statement says, in the rows of one protocol.

    best: ahead of each other of the seven optimizers. below: every subject behind every other. equal: the
    means differ by no more than the tolerance. level: the mean is within the tolerance of the value. converged: so is
    the mean over the seven of the share of epochs up to convergence. hours: never decided, the hardware is another.
    For best and below the differences are taken seed by seed; if one of their intervals reaches 0, and none lies on
    the wrong side of it, the verdict is `not told from chance`. A diverged optimizer leaves a statement not tested.
    """
    rows = study.main_rows(protocol)
    needed = (*statement.subjects, *statement.others) if statement.subjects else STUDIED
    needed = STUDIED if statement.rule == "best" else needed
    missing = [name for name in needed if name not in rows or study.diverged(rows[name])]
    if missing:
        return Finding(UNTESTED, f"without {', '.join(missing)}")
    return RULES[statement.rule](statement, study, rows)


Rows = Mapping[str, RowKey]


def _best(statement: Statement, study: Study, rows: Rows) -> Finding:
    subject = statement.subjects[0]
    return _ahead(statement, study, rows, [(subject, other) for other in STUDIED if other != subject])


def _below(statement: Statement, study: Study, rows: Rows) -> Finding:
    return _ahead(statement, study, rows, [(other, low) for other in statement.others for low in statement.subjects])


def _ahead(statement: Statement, study: Study, rows: Rows, pairs: Sequence[tuple[str, str]]) -> Finding:
    """Whether the first of each pair is better than the second; what is told is the narrowest of them."""
    sign = -1.0 if statement.measure.endswith("loss") else 1.0
    found = []
    for first, second in pairs:
        ahead, behind = (study.finals(rows[name], statement.measure) for name in (first, second))
        difference = paired(
            {seed: sign * value for seed, value in ahead.items()},
            {seed: sign * value for seed, value in behind.items()},
        )
        if difference is None:
            return Finding(UNTESTED, f"{first} and {second} have no seed in common")
        found.append((difference, first, second))
    least, first, second = min(found, key=lambda item: item[0].mean)
    told = f"{first} against {second}: {_difference(least.mean, statement.measure)}"
    if all(difference.low > 0 for difference, _, _ in found):
        return Finding(REPRODUCED, told)
    wrong = any(difference.high < 0 or (difference.count == 1 and difference.mean <= 0) for difference, _, _ in found)
    return Finding(NOT if wrong else UNSURE, told)


def _equal(statement: Statement, study: Study, rows: Rows) -> Finding:
    names = (*statement.subjects, *statement.others)
    first, second = (study.finals(rows[name], statement.measure) for name in names)
    difference = (mean_of(first) or 0.0) - (mean_of(second) or 0.0)
    told = f"{names[0]} against {names[1]}: {_difference(difference, statement.measure)}"
    return Finding(REPRODUCED if abs(difference) <= statement.tolerance else NOT, told)


def _level(statement: Statement, study: Study, rows: Rows) -> Finding:
    value = mean_of(study.finals(rows[statement.subjects[0]], statement.measure)) or 0.0
    return Finding(REPRODUCED if abs(value - statement.value) <= statement.tolerance else NOT, f"{100 * value:.1f} %")


def _converged(statement: Statement, study: Study, rows: Rows) -> Finding:
    reached = [study.converged(rows[name]) or 0 for name in STUDIED]
    epochs = next(iter(study.trained[rows[STUDIED[0]]].values()))["epochs"]
    share = fmean(reached) / epochs
    told = f"epoch {fmean(reached):.0f} of {epochs} on average"
    return Finding(REPRODUCED if abs(share - statement.value) <= statement.tolerance else NOT, told)


def _hours(statement: Statement, study: Study, rows: Rows) -> Finding:
    seconds = [event["epoch_seconds"] for name in STUDIED for event in study.trained[rows[name]].values()]
    images = study.asked.get("images")
    told = f"{PAPER_EPOCHS * fmean(seconds) / 3600:.2f} hours for {PAPER_EPOCHS} epochs of {images:,} images here"
    return Finding(UNTESTED, told)


RULES: Mapping[str, Callable[[Statement, Study, Rows], Finding]] = {
    "best": _best,
    "below": _below,
    "equal": _equal,
    "level": _level,
    "converged": _converged,
    "hours": _hours,
}


def _difference(value: float, measure: str) -> str:
    """Signed, positive where the first is better: points of accuracy, or loss."""
    return f"{value:+.4f} in loss" if measure.endswith("loss") else f"{100 * value:+.2f} points"
