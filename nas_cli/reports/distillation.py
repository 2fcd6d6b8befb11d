"""A distillation as its journal tells it: teachers, student, and how far they agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import count, percent

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """One network, or several teachers together; None where a figure is not known (yet)."""

    name: str
    flops: float | None
    params: float | None
    valid: float | None
    test: float | None


@dataclass(frozen=True)
class Distillation:
    """A `nas distill` run, finished or not; a run of another command has no `sides`."""

    history: History

    @cached_property
    def block(self) -> Event:
        """settings, teachers, cached, and after the end teacher, agreement and separate."""
        start: Event = self.history.start.get("distill") or {}
        ended: Event = self.history.last("test").get("distill") or {}
        return {**start, **ended}

    @cached_property
    def sides(self) -> list[Side]:
        """The teachers one by one, all together if they are several, and the student."""
        teachers: Sequence[Event] = self.block.get("teachers") or ()
        if not teachers:
            return []
        separate = self.block.get("separate") or [None] * len(teachers)
        found = [
            Side(f"teacher {row['name']}", row["flops"], row["params"], row["valid_accuracy"], finite(test))
            for row, test in zip(teachers, separate, strict=True)
        ]
        together: Event = self.block.get("teacher") or {}
        if len(teachers) > 1:
            flops, params = (float(sum(row[key] for row in teachers)) for key in ("flops", "params"))
            accuracies = [finite(together.get(f"{split}_accuracy")) for split in ("valid", "test")]
            found.append(Side("teachers together", flops, params, *accuracies))
        return [*found, self._student()]

    def _student(self) -> Side:
        cost, test = self.history.start.get("cost") or {}, self.history.last("test")
        valid = finite((test.get("valid") or {}).get("valid_accuracy"))
        tested = finite((test.get("metrics") or {}).get("test_accuracy"))
        name = f"student {self.history.start.get('model')}"
        return Side(name, finite(cost.get("flops")), finite(cost.get("params")), valid, tested)

    def agreement(self, split: str) -> float | None:
        """The share of examples of a split ('valid' or 'test') on which student and teachers answer the same."""
        return finite((self.block.get("agreement") or {}).get(split))

    @property
    def loss(self) -> str:
        """The loss in words; empty for another command's run."""
        settings: Event = self.block.get("settings") or {}
        return loss_in_words(settings) if settings else ""


def loss_in_words(settings: Event) -> str:
    """The loss of a student, of the settings of a distillation."""
    squared = " T²" if settings["temperature_squared"] else ""
    student = "student/T" if settings["soften_student"] else "student"
    features = [f"{len(settings[key])} {key}" for key in ("hints", "attention") if settings[key]]
    return (
        f"{settings['lambda_hard']:g} CE(label, student) + {settings['lambda_soft']:g}{squared} "
        f"CE(softmax(teacher/T), softmax({student})), T = {settings['temperature']:g}"
        + "".join(f", and {feature}" for feature in features)
    )


def distillation_lines(summary: Event) -> list[str]:
    """Lines for the end of a run, from its summary."""
    best, block = summary["best"], summary["distill"]
    teachers = block["teachers"]
    names = ", ".join(row["name"] for row in teachers)
    flops, params = (sum(row[key] for row in teachers) for key in ("flops", "params"))
    return [
        _line(names, {**block["teacher"], "flops": flops, "params": params}, "teacher" + "s" * (len(teachers) > 1)),
        _line(summary["training"]["model"], best, "student"),
        f"student and teacher answer the same for {percent(block['agreement']['test'])} of the test split",
    ]


def _line(name: str, figures: Event, role: str) -> str:
    return (
        f"{role} {name}: valid accuracy {figures['valid_accuracy']:.4f}, test accuracy {figures['test_accuracy']:.4f}, "
        f"{count(figures['flops'])} FLOPs, {count(figures['params'])} parameters"
    )
