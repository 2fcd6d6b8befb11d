"""CoDeepNEAT with and without MorphNet: the thesis' Tables 1 to 3 beside ours."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from nas_cli.costs.speedup import predicted_speedup
from nas_cli.reports.experiments.arms import (
    Arm,
    cpu_minutes,
    flops_ratio,
    last_population,
    minutes,
    sessions,
    spread,
    total,
)

PLAIN = "plain"
PREDICTED = ("b", "a")
"""The arms that do what the thesis' model describes."""

ARMS = {
    "plain": "CoDeepNEAT",
    "b": "with MorphNet, no inheritance (B)",
    "a": "with MorphNet, inheritance (A)",
    "fast": "MorphNet in the first generation, inherited widths and weights, half the epochs, identical networks once",
}
DATASETS = {"mnist": "MNIST", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "tiny_imagenet": "Tiny ImageNet"}


def thesis() -> pd.DataFrame:
    """The thesis' own figures: Tables 1 to 3, a row per data set."""
    return pd.read_csv(Path(__file__).with_name("thesis.csv")).set_index("dataset")


def comparison(arms: Sequence[Arm]) -> pd.DataFrame:
    """A row per data set and arm: time, accuracy, speed-up t_a/t_b, degradation acc_a - acc_b; ours and the thesis'.

    accuracy: mean over the merged last populations of all repeats, validation split, percent. `*_range`: half the
    distance between the best and the worst repeat. a: FLOPs before over after compression. predicted: the thesis'
    model of the speed-up with that a, and c, d from the plain arm's times.
    """
    plain = {arm.dataset: arm for arm in arms if arm.name == PLAIN}
    rows = [_row(arm, plain.get(arm.dataset)) for arm in sorted(arms, key=_order)]
    return pd.DataFrame(rows)


def _order(arm: Arm) -> tuple[int, int]:
    return _place(arm.dataset, list(DATASETS)), _place(arm.name, list(ARMS))


def _place(name: str, known: Sequence[str]) -> int:
    return known.index(name) if name in known else len(known)


def _row(arm: Arm, plain: Arm | None) -> dict[str, Any]:
    row = _measured(arm)
    if plain is not None and arm.name != PLAIN:
        row |= _against(arm, plain)
    known = thesis()
    if arm.dataset in known.index and arm.name in (PLAIN, "b"):
        paper = known.loc[arm.dataset]
        kind = PLAIN if arm.name == PLAIN else "morph"
        row |= {"paper_minutes": paper[f"{kind}_minutes"], "paper_accuracy": paper[f"{kind}_accuracy"]}
        if arm.name == "b":
            row |= {"paper_speedup": paper["speedup"], "paper_degradation": paper["degradation"]}
    return row


def _measured(arm: Arm) -> dict[str, Any]:
    wall = [minutes(source) for source in arm.repeats]
    accuracies = [100 * fmean(last_population(source.history)) for source in arm.repeats]
    tests = [source.history.measure.test(source.history.last("test").get("metrics") or {}) for source in arm.repeats]
    known = [100 * value for value in tests if value is not None]
    trials = [trial for source in arm.repeats for trial in source.history.trials]
    return {
        "dataset": arm.dataset,
        "arm": arm.name,
        "repeats": len(arm.repeats),
        "sessions": sum(sessions(source.history) for source in arm.repeats),
        "failed": sum(trial.fitness is None for trial in trials),
        "stopped_early": sum("stopped_early" in trial.event.get("extra", {}) for trial in trials),
        "cached": sum("cached_from" in trial.event for trial in trials),
        "minutes": round(fmean(wall), 2),
        "minutes_range": round(spread(wall), 2),
        "cpu_minutes": round(fmean(map(cpu_minutes, arm.repeats)), 2),
        "accuracy": round(fmean(_merged(arm)), 2),
        "accuracy_range": round(spread(accuracies), 2),
        "best_test_accuracy": round(fmean(known), 2) if known else None,
        "mean_mflops": round(fmean(trial.flops or 0.0 for trial in trials) / 1e6, 2),
    }


def _merged(arm: Arm) -> list[float]:
    """Validation accuracies of the last populations of all repeats, percent."""
    return [100 * value for source in arm.repeats for value in last_population(source.history)]


def _against(arm: Arm, plain: Arm) -> dict[str, Any]:
    """Speed-up and degradation over the repeats that both arms have."""
    both = set(arm.numbers) & set(plain.numbers)
    if not both:
        return {}
    arm, plain = arm.at(both), plain.at(both)
    wall = fmean(map(minutes, plain.repeats)) / fmean(map(minutes, arm.repeats))
    cpu = fmean(map(cpu_minutes, plain.repeats)) / fmean(map(cpu_minutes, arm.repeats))
    row: dict[str, Any] = {
        "speedup": round(wall, 3),
        "speedup_cpu": round(cpu, 3),
        "degradation": round(fmean(_merged(plain)) - fmean(_merged(arm)), 2),
    }
    ratios = [ratio for ratio in (flops_ratio(source.history) for source in arm.repeats) if ratio]
    if ratios:
        row["a"] = round(fmean(ratios), 3)
    if ratios and arm.name in PREDICTED:
        predicted = prediction(plain, epochs_of_compression(arm), fmean(ratios))
        row |= {"predicted_speedup": round(predicted, 3), "prediction_error": round(predicted / cpu - 1, 3)}
    return row


def prediction(plain: Arm, compression_epochs: int, ratio: float) -> float:
    """The speed-up that the thesis' model gives where all k epochs of compression divide the FLOPs by `ratio` = a^k.

    c and d, time per FLOP of a training epoch and of an evaluation, are those of the plain arm. We evaluate after
    every epoch, so d is the time of all n evaluations.
    """
    trials = [trial for source in plain.repeats for trial in source.history.scored]
    epochs = fmean(trial.metrics["epochs"] for trial in trials)
    training, evaluation = total(trials, "train_seconds"), total(trials, "evaluation_seconds")
    return predicted_speedup(
        training_epochs=epochs,
        compression_epochs=compression_epochs,
        ratio=ratio ** (1 / compression_epochs),
        evaluation=evaluation / (training / epochs),
    )


def epochs_of_compression(arm: Arm) -> int:
    """k of the arm's configuration."""
    return int(arm.repeats[0].config["estimator"]["morph"]["epochs"])


def trial_table(arms: Sequence[Arm]) -> pd.DataFrame:
    """A row per trial of every run, for whoever wants another statistic."""
    rows = []
    for arm in sorted(arms, key=_order):
        for number, source in zip(arm.numbers, arm.repeats, strict=True):
            for trial in source.history.trials:
                block = trial.event.get("extra", {}).get("compression") or {}
                rows.append(
                    {
                        "dataset": arm.dataset,
                        "arm": arm.name,
                        "repeat": number,
                        "trial": trial.id,
                        "generation": trial.generation,
                        "valid_accuracy": source.history.score(trial),
                        "flops_before": block.get("flops_before", trial.flops),
                        "flops": trial.flops,
                        **{
                            key: trial.metrics.get(key)
                            for key in ("train_seconds", "evaluation_seconds", "compress_seconds", "cpu_seconds")
                        },
                        "seconds": trial.event.get("seconds"),
                    }
                )
    return pd.DataFrame(rows)
