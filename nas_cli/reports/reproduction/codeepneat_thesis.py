"""Document 4: CoDeepNEAT accelerated by MorphNet."""

from collections.abc import Callable
from functools import partial
from statistics import fmean

import pandas as pd

from nas_cli.reports.experiments.codeepneat_tables import DATASETS, PLAIN, thesis
from nas_cli.reports.reproduction import rules
from nas_cli.reports.reproduction.folder import ALL, Folder, Missing, records
from nas_cli.reports.reproduction.row import ALONE, DIRECTION, NOT, REPRODUCED, Claim, Judged

NAME = "4. CoDeepNEAT with MorphNet"
SIZES = {
    "mnist": "7 generations of 12 networks, 4 repeats, all images",
    "cifar10": "7 generations of 12 networks, 4 repeats, all images",
    "cifar100": "4 generations of 12 networks, 4 repeats, all images three times",
    "tiny_imagenet": "4 generations of 12 networks, 4 repeats, 100 classes four times, 64x64 pixels",
}
MEAN_SPEEDUP = 1.9
INSTABILITY_BAR = 1.0
"""Points by which the best network of a generation must fall more in strategy A than in B."""


def claims() -> list[Claim]:
    """Tables 1 to 3, Figures 8, 9 and 12 to 16, and what the thesis says besides."""
    paper = {row["dataset"]: row for row in records(thesis().reset_index())}
    found = []
    for table, arm, kind in ((1, PLAIN, "plain"), (2, "b", "morph")):
        for key, name in DATASETS.items():
            minutes, accuracy = (float(paper[key][f"{kind}_{what}"]) for what in ("minutes", "accuracy"))
            judge = partial(_level, dataset=key, arm=arm, theirs=accuracy)
            found.append(_claim(f"Table {table}, {name}", f"{minutes:g} min, {accuracy:g} %", key, judge))
    for key, name in DATASETS.items():
        speedup, loss = (float(paper[key][what]) for what in ("speedup", "degradation"))
        judge = partial(_speedup, dataset=key, theirs=speedup)
        found.append(_claim(f"Table 3, {name}: speed-up", f"{speedup:g}{_slip(key)}", key, judge))
        judge = partial(_degradation, dataset=key, theirs=loss)
        found.append(_claim(f"Table 3, {name}: degradation of accuracy", f"{loss:g} points", key, judge))
    found.append(_claim("mean speed-up over the four data sets", f"{MEAN_SPEEDUP}", None, _mean_speedup))
    found.append(_claim("model of the speed-up of a generation", "a formula, no figure", None, _model))
    for figure, key in ((8, "mnist"), (9, "cifar10")):
        text = f"Figure {figure}: best network by generation, A against B, {DATASETS[key]}"
        found.append(_claim(text, "A is unstable, B improves", key, partial(_stability, dataset=key)))
    found.append(_claim("Figure 12: time and accuracy of all data sets", "faster on all four", None, _bars))
    for figure, key in zip((13, 14, 15, 16), DATASETS, strict=True):
        text = f"Figure {figure}: training of the best network, {DATASETS[key]}"
        found.append(_claim(text, "curves alone, lost with the pictures", key, partial(_best, dataset=key)))
    found.append(_claim("section 3.5: compression every m-th generation", "no figure", None, _every_third))
    return found


def _claim(item: str, paper: str, dataset: str | None, judge: Callable[[Folder], Judged]) -> Claim:
    script = "python scripts/reproduce_codeepneat.py"
    command = script if dataset is None else f"{script} --datasets {dataset}"
    whole = "; ".join(dict.fromkeys(SIZES.values())) if dataset is None else SIZES[dataset]
    return Claim(NAME, item, paper, "codeepneat", dataset or ALL, command, f"the thesis: {whole}", judge)


def _slip(dataset: str) -> str:
    return " (95.6/41.21 is 2.32; its text says CIFAR-10)" if dataset == "cifar100" else ""


def _of(folder: Folder, column: str, dataset: str, arm: str) -> float:
    return folder.value("comparison.csv", column, dataset=dataset, arm=arm)


def _level(folder: Folder, dataset: str, arm: str, theirs: float) -> Judged:
    """Of the thesis' sizes the accuracy itself, of others its place among the data sets."""
    minutes, accuracy = (_of(folder, column, dataset, arm) for column in ("minutes", "accuracy"))
    processor = _of(folder, "cpu_minutes", dataset, arm)
    # Two workers that have the machine to themselves take more processor time than wall time.
    busy = f" (the machine had other work: {processor:.2f} min of processor time)" if processor < minutes else ""
    ours = f"{minutes:.2f} min{busy}, {accuracy:.2f} %"
    if folder.scale == "paper":
        why = f"accuracy within {rules.POINTS_BAR:g} points; minutes are of other hardware"
        return Judged(ours, rules.within(accuracy, theirs, rules.POINTS_BAR), why)
    table = folder.table("comparison.csv", arm=arm).set_index("dataset")["accuracy"]
    others = table[table.index.isin([name for name in DATASETS if name != dataset])]
    if others.empty:
        return Judged(ours, ALONE, "levels are not compared at this scale, and no other data set has runs")
    verdict = DIRECTION if _place(others, dataset, accuracy) else NOT
    return Judged(ours, verdict, "levels are not compared at this scale: the data set's place by accuracy is the same")


def _place(others: "pd.Series[float]", dataset: str, accuracy: float) -> bool:
    """True if the data set is behind those, and ahead of those, that it is in the thesis."""
    order = list(DATASETS)
    return all(
        (other > accuracy) if order.index(str(name)) < order.index(dataset) else (other < accuracy)
        for name, other in others.items()
    )


def _speedup(folder: Folder, dataset: str, theirs: float) -> Judged:
    wall, processor = (_of(folder, column, dataset, "b") for column in ("speedup", "speedup_cpu"))
    ours = f"{processor:.2f} by processor time, {wall:.2f} by wall time"
    why = "within 20 % of the thesis', by processor time, which other work on the machine hardly changes"
    return Judged(ours, rules.ratio(processor, theirs), why)


def _degradation(folder: Folder, dataset: str, theirs: float) -> Judged:
    ours = _of(folder, "degradation", dataset, "b")
    spread = max(_of(folder, "accuracy_range", dataset, arm) for arm in (PLAIN, "b"))
    repeats = int(_of(folder, "repeats", dataset, "b"))
    told = f"± {spread:.2f} over {repeats} repeats" if repeats > 1 else "one repeat, no spread"
    why = f"within {rules.POINTS_BAR:g} points of the thesis'; direction only: smaller than that, or a gain in both"
    return Judged(f"{ours:+.2f} points ({told})", rules.points(ours, theirs), why)


def _mean_speedup(folder: Folder) -> Judged:
    values = [_of(folder, "speedup_cpu", key, "b") for key in DATASETS]
    mean = fmean(values)
    return Judged(f"{mean:.2f} by processor time", rules.ratio(mean, MEAN_SPEEDUP), "within 20 % of the thesis'")


def _model(folder: Folder) -> Judged:
    rows = folder.table("comparison.csv", arm="b").dropna(subset=["predicted_speedup", "speedup_cpu"])
    if rows.empty:
        raise Missing("no predictions in codeepneat/comparison.csv")
    found = {DATASETS[row["dataset"]]: (row["predicted_speedup"], row["speedup_cpu"]) for row in records(rows)}
    ours = "; ".join(f"{name} {told:.2f} predicted, {was:.2f} measured" for name, (told, was) in found.items())
    verdict = rules.counted([abs(told / was - 1) <= rules.RATIO_BAR for told, was in found.values()])
    return Judged(ours, verdict, "prediction within 20 % of the measured ratio of processor times, on every data set")


def _stability(folder: Folder, dataset: str) -> Judged:
    """By the largest fall of the best network from one generation to the next."""
    falls = {arm: _fall(folder, dataset, arm) for arm in ("a", "b")}
    ours = f"largest fall of the best network: A {falls['a']:.2f}, B {falls['b']:.2f} points"
    gap = falls["a"] - falls["b"]
    verdict = REPRODUCED if gap >= INSTABILITY_BAR else DIRECTION if gap > 0 else NOT
    return Judged(
        ours, verdict, f"reproduced where A falls by {INSTABILITY_BAR:g} point more than B, mean over repeats"
    )


def _fall(folder: Folder, dataset: str, arm: str) -> float:
    trials = folder.table("trials.csv", dataset=dataset, arm=arm)
    best = 100 * trials.groupby(["repeat", "generation"])["valid_accuracy"].max()
    falls = [float(-course.diff().min()) for _, course in best.groupby(level="repeat")]
    known = [max(0.0, fall) for fall in falls if fall == fall]
    if not known:
        raise Missing(f"codeepneat/trials.csv has one generation of {dataset}, {arm}")
    return fmean(known)


def _bars(folder: Folder) -> Judged:
    rows = folder.table("comparison.csv", arm="b").dropna(subset=["speedup_cpu"])
    faster = [bool(value > 1) for value in rows["speedup_cpu"]]
    verdict = rules.counted([*faster, *([False] * (len(DATASETS) - len(faster)))])
    ours = f"less processor time on {sum(faster)} of {len(faster)} data sets with runs (figure_12.png)"
    return Judged(ours, verdict, "less processor time with MorphNet (B) on all four")


def _best(folder: Folder, dataset: str) -> Judged:
    values = [(arm, _of(folder, "best_test_accuracy", dataset, arm)) for arm in (PLAIN, "b")]
    ours = ", ".join(f"{'CoDeepNEAT' if arm == PLAIN else 'with MorphNet'} {value:.2f} % test" for arm, value in values)
    return Judged(f"{ours} (best_network_{dataset}.png)", ALONE, "the thesis gives no figure beside its curves")


def _every_third(folder: Folder) -> Judged:
    rows = folder.table("comparison.csv", arm="fast").dropna(subset=["speedup_cpu"])
    ours = "; ".join(
        f"{DATASETS[row['dataset']]} {row['speedup_cpu']:.2f} times faster, {row['degradation']:+.2f} points"
        for row in records(rows)
    )
    return Judged(
        ours, ALONE, "arm `fast`: compression in the first of three generations, widths and weights inherited"
    )
