"""Document 2, networks made smaller: size, precision, pruning, distillation, losses that bear wrong labels."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd

from nas_cli.reports.experiments.pruning_claims import claims as pruning_claims
from nas_cli.reports.intervals import difference_interval
from nas_cli.reports.measure import finite
from nas_cli.reports.reproduction import rules
from nas_cli.reports.reproduction.folder import Folder, Missing, records
from nas_cli.reports.reproduction.lecture import topic
from nas_cli.reports.reproduction.row import ALONE, NOT, REPRODUCED, Claim, Judged

CHANCE = "random"
SCORED = ("magnitude", "taylor", "obd")
ROBUST = ("label_smoothing", "symmetric_cross_entropy", "generalised_cross_entropy", "bootstrap_soft", "bootstrap_hard")
HINTON = {"teacher": 67, "plain": 146, "taught": 74}
DROP = 1.0
"""Points of accuracy that fewer bits may cost."""


def claims() -> list[Claim]:
    """A claim per topic, and per published figure of a method that a topic names."""
    return [*_sizes(), *_architectures(), *_pruning(), *_distillation(), *_losses()]


def _sizes() -> Iterator[Claim]:
    yield topic(
        "efficiency: size and MAC counted", "no figure", "scaling/projection", "reproduce_projection.py", _counted
    )
    bits = "lower precision: int8 after training, MNIST"
    yield topic(bits, "about 4 times smaller than float32", "pruning/tfmot_mnist", "reproduce_tfmot_mnist.py", _int8)
    both = "lower precision and pruning together, MNIST"
    tutorial = "10 times smaller (tfmot's tutorial)"
    yield topic(both, tutorial, "pruning/tfmot_mnist", "reproduce_tfmot_mnist.py", _pruned_int8)


def _counted(folder: Folder) -> Judged:
    rows = folder.table("models.csv")
    ours = ", ".join(
        f"{row['model']} {row['parameters, millions']:g} M and {row['GFLOPs']:g} GFLOPs" for row in records(rows)
    )
    return Judged(ours, ALONE, "latency is measured where an experiment compares it")


def _size_and_loss(folder: Folder, network: str) -> tuple[float, float]:
    """How many times smaller than the baseline's float32 file, and points of accuracy lost; means over seeds."""
    base, small = (folder.table("tfmot_mnist.csv", network=name) for name in ("baseline", network))
    times = float(base["tflite_bytes"].mean() / small["tflite_bytes"].mean())
    return times, float(base["test_accuracy"].mean() - small["test_accuracy"].mean())


def _int8(folder: Folder) -> Judged:
    times, loss = _size_and_loss(folder, "baseline, int8")
    verdict = rules.counted([abs(times / 4 - 1) <= rules.RATIO_BAR, loss <= DROP])
    return Judged(
        f"{times:.1f} times smaller, {loss:+.2f} points lost", verdict, f"within 20 %, {DROP:g} point lost at most"
    )


def _pruned_int8(folder: Folder) -> Judged:
    times, loss = _size_and_loss(folder, "pruned by own, int8")
    verdict = rules.counted([abs(times / 10 - 1) <= rules.RATIO_BAR, loss <= DROP])
    why = f"80 % of the weights pruned; within 20 %, {DROP:g} point lost at most"
    return Judged(f"{times:.1f} times smaller, {loss:+.2f} points lost", verdict, why)


def _architectures() -> Iterator[Claim]:
    place, command, less = "architectures/architectures", "reproduce_architectures.py", "small widths, 5,000 images"
    zoo = "efficient architectures: MobileNet and others of the zoo"
    paper = "designed to be cheap, no figure"
    yield topic(zoo, paper, place, command, partial(_at_equal_cost, equal="MACs"), less)
    text = f"{zoo}, by time"
    yield topic(text, paper, place, command, partial(_at_equal_cost, equal="measured time"), less)
    both = "efficient architectures: separable in place of whole convolutions"
    yield topic(both, paper, place, command, _separable, less)


def _at_equal_cost(folder: Folder, equal: str) -> Judged:
    rows = records(folder.table("claims.csv", equal=equal))
    ours = "; ".join(f"{row['claim']} {row['points']:+.1f} points ({_span(row)})" for row in rows)
    why = "above ResNet-20 of the width that costs as much, in every seed; those that cost less than all are left out"
    return Judged(ours, rules.counted([row["lowest"] > 0 for row in rows]), why)


def _separable(folder: Folder) -> Judged:
    (row,) = records(folder.table("claims.csv", equal="widths"))
    if finite(row["faster"]) is None:
        raise Missing("architectures/claims.csv has no times: the networks were not measured together")
    ours = f"{row['fewer_macs']:.1f} times fewer MACs, {row['faster']:.1f} times as fast, {row['points']:+.1f} points"
    held = [row["fewer_macs"] > 1, row["faster"] > 1, row["points"] >= -rules.POINTS_BAR]
    why = f"fewer MACs, less measured time, no more than {rules.POINTS_BAR:g} points lost"
    return Judged(f"{ours} ({_span(row)})", rules.counted(held), why)


def _span(row: dict[str, Any]) -> str:
    return f"{row['lowest']:+.1f} to {row['highest']:+.1f} over seeds"


def _pruning() -> Iterator[Claim]:
    small = "ResNet-20, 5,000 images of CIFAR-10"
    for experiment, what in (("weights", "single weights"), ("filters", "whole filters")):
        text = f"pruning: {what} by effect on the loss, magnitude, second derivative"
        judge = partial(_criteria, experiment=experiment)
        command = f"reproduce_pruning.py --only {experiment}"
        yield topic(text, "better than chance", f"pruning/{experiment}", command, judge, small)
    half = "pruning: half of the FLOPs, filters against the random criterion"
    yield topic(
        half, "better than chance", "pruning/half_flops", "reproduce_pruning.py --only half_resnet20", _half, small
    )
    time = "pruning: filters or neurons against connections, at equal measured time"
    command = "reproduce_pruning.py --only latency"
    yield topic(time, "no figure", "pruning/latency", command, _equal_time, small)
    ticket = "pruning: lottery-ticket hypothesis, LeNet-300-100 on MNIST"
    command, less = "reproduce_pruning.py --only lottery", "10,000 of 55,000 images, 1,700 of 50,000 steps a round"
    paper = "at 21 % of the weights no worse than dense, better than new weights (Frankle & Carbin 2019)"
    yield topic(ticket, paper, "pruning/lottery", command, _lottery, less)
    regrown = "pruning: regrowth of removed connections, LeNet-300-100 on MNIST"
    command, less = "reproduce_pruning.py --only regrowth", "10,000 of 55,000 images, 10 epochs"
    yield topic(regrown, "named, no figure", "pruning/regrowth", command, _regrowth, less)
    morphnet = "pruning: MorphNet against pruned filters at equal FLOPs, ResNet-20"
    command = "reproduce_morphnet.py --only pruned"
    yield topic(morphnet, "no figure", "morphnet/equal_flops", command, _equal_flops, small)


def _criteria(folder: Folder, experiment: str) -> Judged:
    """The smallest share that every criterion has reached decides; at which larger ones all are ahead is told."""
    rows = folder.table("summary.csv", experiment=experiment)
    rows = rows[rows.arm != "dense"].sort_values("point")
    if CHANCE not in set(rows.arm) or not set(SCORED) & set(rows.arm):
        raise Missing(f"pruning/summary.csv has not all criteria of {experiment}")
    rows = rows[rows.point <= rows.groupby("arm")["point"].max().min()]
    column = "test" if rows["test"].notna().all() else "valid"
    last = rows.groupby("arm").tail(1).set_index("arm")
    left = "left" if experiment == "weights" else "flops_left"
    scores = {str(arm): float(last.loc[arm, column]) for arm in last.index}
    held = [scores[name] > scores[CHANCE] for name in SCORED if name in scores]
    told = ", ".join(f"{name} {score:.1f} %" for name, score in scores.items())
    share, what = f"{last[left].mean():.0f} %", "weights" if left == "left" else "FLOPs"
    ahead = [f"{group[left].mean():.0f}" for _, group in rows.groupby("point") if _all_above_chance(group, column)]
    told += f" ({column} accuracy) at {share} of the {what}; all above the random criterion at "
    told += f"{', '.join(ahead)} %" if ahead else "no share"
    return Judged(told, rules.counted(held), f"each above the random criterion at {share} of the {what}")


def _all_above_chance(group: pd.DataFrame, column: str) -> bool:
    scores = group.set_index("arm")[column]
    return CHANCE in scores.index and all(scores[name] > scores[CHANCE] for name in SCORED if name in scores.index)


def _pruning_claim(folder: Folder, experiment: str, *parts: str) -> list[tuple[str, float, str]]:
    """Claim, points and spread of the sentences that have these parts."""
    found = pruning_claims(folder.table("runs.csv", experiment=experiment))
    rows = [] if found.empty else found.to_dict("records")
    wanted = [row for row in rows if all(part in row["claim"] for part in parts)]
    if not wanted:
        raise Missing(f"pruning/runs.csv has not all arms of {experiment}")
    return [(str(row["claim"]), float(row["points"]), str(row["from to"])) for row in wanted]


def _half(folder: Folder) -> Judged:
    found = _pruning_claim(folder, "half_flops", "random criterion")
    ours = "; ".join(f"{name}: {points:+.2f} points{_over(spread)}" for name, points, spread in found)
    return Judged(ours, rules.counted([_least(*row) > 0 for row in found]), "above zero for every network and seed")


def _over(spread: str) -> str:
    return f" ({spread} over seeds)" if spread else " (one seed)"


def _least(_: str, points: float, spread: str) -> float:
    """The points of a claim's worst seed."""
    return float(spread.split(" to ")[0]) if spread else points


def _equal_time(folder: Folder) -> Judged:
    ((_, points, spread),) = _pruning_claim(folder, "latency", "equal measured time")
    return Judged(
        f"filters {points:+.2f} points{_over(spread)}", ALONE, "zeros among weights save no time by themselves"
    )


def _lottery(folder: Folder) -> Judged:
    dense, new = (_pruning_claim(folder, "lottery", "ticket", end)[0] for end in ("less dense", "less new weights"))
    ours = f"{dense[0]} {dense[1]:+.2f} points{_over(dense[2])}, less new weights {new[1]:+.2f}{_over(new[2])}"
    why = "no more than 0.2 points below dense, and above new weights"
    return Judged(ours, rules.counted([dense[1] >= -0.2, new[1] > 0]), why)


def _regrowth(folder: Folder) -> Judged:
    found = _pruning_claim(folder, "regrowth", "less fixed")
    beside = _pruning_claim(folder, "regrowth", "less magnitude")
    ours = "; ".join(f"{name} {points:+.2f} points{_over(spread)}" for name, points, spread in [*found, *beside])
    why = "with regrowth above connections that are fixed, at every sparsity and seed; all trained for as long"
    return Judged(ours, rules.counted([_least(*row) > 0 for row in found]), why)


def _equal_flops(folder: Folder) -> Judged:
    rows = folder.table("summary.csv", experiment="equal_flops")
    ours = ", ".join(
        f"{row['family']} {row['test_accuracy']:.2f} % at {row['mflops']:.1f} MFLOPs" for row in records(rows)
    )
    return Judged(ours, ALONE, "all trained from fresh weights for as many epochs, test accuracy")


def _distillation() -> Iterator[Claim]:
    command, ours = "reproduce_distillation.py --parts mnist", "54,000 training images, our epochs and learning rates"
    paper = "{plain} errors alone, {taught} with the teacher of {teacher} (Hinton et al. 2015)".format(**HINTON)
    taught = "distillation: 2x800 student of MNIST, T = 20"
    yield topic(taught, paper, "distillation/mnist", command, _taught, ours)
    small = "distillation: 2x30 student of MNIST, by temperature"
    yield topic(small, "T of 2.5 to 4 best (Hinton et al. 2015)", "distillation/mnist", command, _temperature, ours)
    command = "reproduce_distillation.py --parts cifar10"
    ensemble, less = "distillation: an ensemble as teacher, CIFAR-10", "10,000 images, 20 epochs"
    yield topic(ensemble, "one large net or an ensemble", "distillation/cifar10", command, _ensemble, less)

    itself, command = "distillation: a network pruned to half of its FLOPs, itself as teacher", "--parts self"
    less = "ResNet-20, 5,000 images of CIFAR-10"
    yield topic(itself, "no figure", "distillation/self", f"reproduce_distillation.py {command}", _self, less)


def _errors(folder: Folder, part: str, arm: str) -> float:
    return folder.value("summary.csv", "test_errors", part=part, arm=arm)


def _taught(folder: Folder) -> Judged:
    plain, taught, teacher = (_errors(folder, "mnist", arm) for arm in ("student_plain", "student_T20", "teacher"))
    verdict = rules.ratio(taught / plain, HINTON["taught"] / HINTON["plain"])
    ours = f"{plain:.1f} errors alone, {taught:.1f} with the teacher of {teacher:.1f}"
    return Judged(ours, verdict, "ratio of errors within 20 % of the paper's 0.51; direction only: fewer errors")


def _temperature(folder: Folder) -> Judged:
    rows = folder.table("summary.csv", part="mnist")
    rows = rows[rows.arm.str.startswith("small_T")]
    errors = {
        float(arm.removeprefix("small_T")): float(value) for arm, value in zip(rows.arm, rows.test_errors, strict=True)
    }
    if len({_is_best(temperature) for temperature in errors}) < 2:
        raise Missing("distillation/summary.csv has no temperatures of the small student within and beyond 2.5 to 4")
    best = min(errors, key=lambda temperature: errors[temperature])
    ours = ", ".join(f"T {temperature:g}: {value:.1f} errors" for temperature, value in sorted(errors.items()))
    return Judged(ours, REPRODUCED if _is_best(best) else NOT, f"the best is T = {best:g}")


def _is_best(temperature: float) -> bool:
    """True for those that the paper found best."""
    return 2.5 <= temperature <= 4


def _ensemble(folder: Folder) -> Judged:
    plain, single, several = (_errors(folder, "cifar10", arm) for arm in ("plain", "single", "ensemble"))
    verdict = rules.counted([single < plain, several < plain, several < single])
    ours = f"test errors: {plain:.0f} alone, {single:.0f} with one teacher, {several:.0f} with three"
    return Judged(ours, verdict, "fewer with one teacher than alone, and fewest with the ensemble")


def _self(folder: Folder) -> Judged:
    plain, taught = (_errors(folder, "self", arm) for arm in ("plain", "taught"))
    return Judged(f"test errors: {plain:.0f} without, {taught:.0f} with itself", ALONE, "mean over seeds")


def _losses() -> Iterator[Claim]:
    command, less = "reproduce_distillation.py --parts label_noise", "fashion_mini, 20 epochs"
    text = "robust losses: 40 % wrong labels"
    yield topic(text, "tolerate label noise", "distillation/label_noise", command, _robust, less)


def _robust(folder: Folder) -> Judged:
    rows = folder.table("runs.csv", part="label_noise")
    usual = rows[rows.arm == "cross_entropy_40"]["test_errors"].tolist()
    losses = {name: rows[rows.arm == f"{name}_40"]["test_errors"].tolist() for name in ROBUST}
    known = {name: difference_interval(usual, errors) for name, errors in losses.items() if errors and usual}
    if not known:
        raise Missing("distillation/runs.csv has no loss beside cross entropy at 40 % wrong labels")
    ours = ", ".join(f"{name.replace('_', ' ')} {gap.mean:.0f}" for name, gap in known.items())
    held = [name in known and known[name].count > 1 and known[name].low > 0 for name in ROBUST]
    return Judged(
        f"fewer test errors than cross entropy: {ours}",
        rules.counted(held),
        "each of the five losses, its 95 % interval above zero",
    )
