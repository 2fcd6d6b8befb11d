"""`results/distillation/`: what a teacher is worth, and what losses that bear wrong labels are worth, from runs."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nas_cli.reports.experiments.arms import Arm, find_arms
from nas_cli.reports.experiments.made import of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.intervals import difference_interval, mean_interval
from nas_cli.reports.measure import finite
from nas_cli.reports.plots.style import MARKERS, QUIET, SERIES, WIDTH, Plot, legend_above
from nas_cli.reports.source import Source

MNIST, CIFAR10, SELF, NOISE = "mnist", "cifar10", "self", "label_noise"
PLAIN, TEACHER = "plain", "teacher"
PAPER = {"teacher": 67, "student_plain": 146, "student_T20": 74}
"""Test errors of 10,000 in Hinton et al. 2015, section 3."""
STUDENTS = {"student": "2 x 800 units", "small": "2 x 30 units"}


def build_distillation(runs: Path, out: Path, command: str) -> list[Path]:
    """The files written under `out` from the complete runs under `runs`, which `command` made.

    Raises:
        RunError: if there is no complete run, or `out` cannot be written.
    """
    arms = find_arms(runs, usable=lambda source: bool(source.history.last("test")))
    every, summary = run_table(arms), summarised(arms)
    plots = [plot for plot in (_temperatures(summary), _noise(summary)) if plot is not None]
    texts = {
        "runs.csv": every.to_csv(index=False),
        "summary.csv": summary.to_csv(index=False),
        "README.md": _page(arms, summary, plots, command),
    }
    parts = {arm.dataset: [run for one in arms if one.dataset == arm.dataset for run in one.repeats] for arm in arms}
    return write_results(out, texts, plots, [of_runs(part, found) for part, found in parts.items()])


def run_table(arms: Sequence[Arm]) -> pd.DataFrame:
    """A row per run: part, arm, seed, its test errors, accuracies, agreement with its teachers, seconds of an epoch."""
    rows = [
        {"part": arm.dataset, "arm": arm.name, "seed": number, **_figures(run)}
        for arm in arms
        for number, run in zip(arm.numbers, arm.repeats, strict=True)
    ]
    return pd.DataFrame(rows)


def summarised(arms: Sequence[Arm]) -> pd.DataFrame:
    """A row per part and arm: mean test errors over the seeds with the 95 % interval, and the paper's."""
    rows = []
    for arm in arms:
        errors = mean_interval(_errors(arm))
        rows.append(
            {
                "part": arm.dataset,
                "arm": arm.name,
                "seeds": errors.count,
                "test_errors": round(errors.mean, 1),
                "low": round(errors.low, 1),
                "high": round(errors.high, 1),
                "of": int(arm.repeats[0].history.dataset["test"]),
                "paper": PAPER.get(arm.name) if arm.dataset == MNIST else None,
                "epoch_seconds": round(fmean(_figures(run)["epoch_seconds"] for run in arm.repeats), 2),
            }
        )
    return pd.DataFrame(rows)


def compared(arms: Sequence[Arm], part: str, first: str, second: str) -> str:
    """A sentence on the test errors of two arms of a part; empty unless both have runs."""
    found = {arm.name: arm for arm in arms if arm.dataset == part}
    if first not in found or second not in found:
        return ""
    values = [_errors(found[name]) for name in (first, second)]
    gap = difference_interval(*values)
    means = " against ".join(f"{fmean(errors):.1f}" for errors in values)
    said = f"`{first}` makes {means} test errors of `{second}`"
    if gap.count < 2:
        return f"{said} (one seed: no interval)."
    verdict = "fewer" if gap.high < 0 else "more" if gap.low > 0 else "no clear difference"
    return f"{said}: {gap.mean:+.1f}, 95 % interval {gap.low:+.1f} to {gap.high:+.1f}, {verdict}."


def _figures(run: Source) -> dict[str, Any]:
    history = run.history
    test, end = history.last("test"), history.last("end")
    accuracy = float(test["metrics"]["test_accuracy"])
    agreement = (test.get("distill") or {}).get("agreement") or {}
    return {
        "test_errors": round((1 - accuracy) * int(history.dataset["test"])),
        "test_accuracy": accuracy,
        "valid_accuracy": finite(test["valid"].get("valid_accuracy")),
        "agreement": finite(agreement.get("test")),
        "epochs": len(history.epochs),
        "epoch_seconds": round(float(end["train_seconds"]) / max(1, len(history.epochs)), 3),
        "changed_labels": history.dataset.get("changed_labels", 0),
    }


def _errors(arm: Arm) -> list[float]:
    return [float(_figures(run)["test_errors"]) for run in arm.repeats]


def temperature_of(arm: str) -> float | None:
    """The temperature in an arm's name, student_T2.5; None without one."""
    _, found, text = arm.partition("_T")
    return float(text) if found else None


def _temperatures(summary: pd.DataFrame) -> Plot | None:
    rows = summary[summary["part"] == MNIST]
    if not any(temperature_of(name) is not None for name in rows["arm"]):
        return None
    return Plot(
        "temperatures",
        "Test errors and temperature",
        "MNIST: mean test errors over seeds, whiskers are 95 % intervals; dashed: the same network without a teacher.",
        partial(_draw_temperatures, rows=rows),
        width=2 * WIDTH,
    )


def _draw_temperatures(figure: Figure, rows: pd.DataFrame) -> None:
    for axes, (student, title) in zip(figure.subplots(1, 2), STUDENTS.items(), strict=True):
        mine = rows[rows["arm"].str.startswith(f"{student}_T")].copy()
        mine["temperature"] = [temperature_of(name) for name in mine["arm"]]
        mine = mine.sort_values("temperature")
        _whiskers(axes, mine, "temperature", SERIES[0], "o", "with teacher")
        for value in rows[rows["arm"] == f"{student}_plain"]["test_errors"]:
            axes.axhline(value, color=QUIET, linestyle="--")
        axes.set(title=title, xlabel="temperature", xscale="log")
        axes.set_xticks(list(mine["temperature"]), [f"{value:g}" for value in mine["temperature"]])
        axes.minorticks_off()
    figure.axes[0].set_ylabel("test errors")


def _noise(summary: pd.DataFrame) -> Plot | None:
    rows = summary[summary["part"] == NOISE]
    if rows.empty:
        return None
    return Plot(
        "label_noise",
        "Test errors and wrong labels",
        "Mean test errors over seeds, whiskers are 95 % intervals; a share of the training labels is wrong.",
        partial(_draw_noise, rows=rows),
    )


def _draw_noise(figure: Figure, rows: pd.DataFrame) -> None:
    axes, split = figure.subplots(), rows["arm"].str.rpartition("_")
    named = rows.assign(loss=split[0], share=split[2].astype(int))
    for number, (loss, group) in enumerate(named.groupby("loss", sort=False)):
        label = str(loss).replace("_", " ")
        _whiskers(axes, group.sort_values("share"), "share", SERIES[number % len(SERIES)], MARKERS[number], label)
    axes.set(xlabel="wrong training labels, %", ylabel="test errors")
    legend_above(figure, columns=2)


def _whiskers(axes: Any, rows: pd.DataFrame, column: str, colour: str, marker: str, label: str) -> None:
    mean = rows["test_errors"].to_numpy()
    sides = np.stack([mean - rows["low"].to_numpy(), rows["high"].to_numpy() - mean])
    axes.errorbar(rows[column].to_numpy(), mean, yerr=sides, capsize=2, color=colour, marker=marker, label=label)


def _page(arms: Sequence[Arm], summary: pd.DataFrame, plots: Sequence[Plot], command: str) -> str:
    parts = ["# Distillation, and wrong labels", f"Made by `{command}` from the journals of its runs."]
    for part, title, text, sentences in _PARTS:
        rows = summary[summary["part"] == part].drop(columns="part").dropna(axis=1, how="all")
        if rows.empty:
            continue
        parts += [f"## {title}", text, markdown(rows), *filter(None, sentences(arms))]
    parts += [f"## {plot.title}\n\n![{plot.title}]({plot.name}.png)\n\n{plot.caption}" for plot in plots]
    return "\n\n".join(parts) + "\n"


def _on_mnist(arms: Sequence[Arm]) -> list[str]:
    pairs = [("student_T20", "student_plain"), ("small_T4", "small_plain"), ("student_T20", "teacher")]
    return [compared(arms, MNIST, first, second) for first, second in pairs]


def _on_cifar10(arms: Sequence[Arm]) -> list[str]:
    pairs = [("single", "plain"), ("ensemble", "plain"), ("ensemble", "single")]
    return [compared(arms, CIFAR10, first, second) for first, second in pairs] + [_ratio(arms)]


def _on_self(arms: Sequence[Arm]) -> list[str]:
    return [compared(arms, SELF, first, second) for first, second in (("taught", PLAIN), ("taught", TEACHER))]


def _ratio(arms: Sequence[Arm]) -> str:
    """What an epoch with kept answers costs, as a multiple of a plain one; runs of one machine, one after the other."""
    seconds = {
        arm.name: fmean(_figures(run)["epoch_seconds"] for run in arm.repeats) for arm in arms if arm.dataset == CIFAR10
    }
    found = [f"`{name}` {seconds[name] / seconds[PLAIN]:.2f}" for name in ("single", "ensemble") if name in seconds]
    return f"Training time of an epoch, plain = 1: {', '.join(found)}." if PLAIN in seconds and found else ""


def _on_noise(arms: Sequence[Arm]) -> list[str]:
    names = sorted(arm.name for arm in arms if arm.dataset == NOISE and arm.name.endswith("_40"))
    return [compared(arms, NOISE, name, "cross_entropy_40") for name in names if name != "cross_entropy_40"]


_PARTS: Sequence[tuple[str, str, str, Callable[[Sequence[Arm]], list[str]]]] = (
    (
        MNIST,
        "MNIST, the networks of Hinton et al. 2015",
        "Teacher: 2 x 1200 units, dropout and shifts of up to 2 pixels. Students: 2 x 800 (`student`) and 2 x 30 units "
        "(`small`), no regularisation, no shifts; `T`: temperature. Different from the paper: 54,000 training images "
        "(6,000 choose the epoch), no bound on the weights' norms, and our epochs and learning rates.",
        _on_mnist,
    ),
    (
        CIFAR10,
        "CIFAR-10, reduced",
        "`plain`: the student alone; `single`: with the first teacher; `ensemble`: with all of them, whose answers "
        "are averaged.",
        _on_cifar10,
    ),
    (
        SELF,
        "CIFAR-10, reduced: a pruned network taught by itself",
        "`teacher`: ResNet-20; `plain`: half of its FLOPs pruned away by filters in four rounds, fine-tuned on labels; "
        "`taught`: the same rounds, fine-tuned with the network before them as teacher (`training.teacher=self`). The "
        "seconds of a pruning are of smaller and smaller networks, and under augmentation the teacher answers in every "
        "step.",
        _on_self,
    ),
    (
        NOISE,
        "Wrong labels, fashion_mini",
        "Losses with 0 and 40 % of the training labels replaced by another class (`dataset.label_noise`); "
        "validation and test labels are right, and the epoch is chosen on the validation split.",
        _on_noise,
    ),
)
