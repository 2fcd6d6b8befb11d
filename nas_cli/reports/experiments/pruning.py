"""`results/pruning/`: what is left of accuracy when weights or filters go, by which score, and beside what."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.experiments.pruning_claims import claims
from nas_cli.reports.measure import finite
from nas_cli.reports.outcome import wall_seconds
from nas_cli.reports.plots.style import DASHES, MARKERS, MUTED, SERIES, Plot, legend_above
from nas_cli.reports.pruning import Pruned
from nas_cli.reports.source import Source, load
from nas_cli.runs.folder import CONFIG

TITLES = {
    "weights": "Single weights of ResNet-20, by criterion",
    "filters": "Filters of ResNet-20, by criterion",
    "latency": "Filters, or 80 % of the weights of narrower ResNet-20, by measured time",
    "half_flops": "Half of the FLOPs, against the random criterion",
    "lottery": "Lottery tickets of LeNet-300-100 on MNIST",
    "regrowth": "Regrowth of removed connections, LeNet-300-100 on MNIST",
}
AXES = {
    "weights": ("left", "weights left [%]"),
    "filters": ("flops_left", "FLOPs left [%]"),
    "latency": ("ms", "milliseconds per image, batch 1, as measured"),
    "lottery": ("left", "weights left [%]"),
    "regrowth": ("left", "weights left [%]"),
}
"""By experiment: the column on the horizontal axis, and its name."""

TICKS = (100, 50, 20, 10, 5, 2)
"""Of shares on a logarithmic axis."""

FINAL = ("latency", "half_flops", "regrowth")
"""Experiments whose points are the results of runs, not their rounds."""

WHOLE = ", whole"
"""Ending of the arms that are the networks before their pruning."""

TOGETHER = "milliseconds-{seed}.json"
"""A file beside the runs of an experiment: {run: {"batch_1", "batch_32", "tflite": ms per image}}, measured in turns.
Only such times can be compared, those that runs measured are of different hours of the machine."""

TIMES = {"ms": "batch_1", "ms_32": "batch_32", "ms_tflite": "tflite"}
"""By column: the name of the time there."""


def build_pruning(root: Path, out: Path, command: str) -> list[Path]:
    """The files written under `out` from the complete runs under `root`, which `command` made.

    Raises:
        RunError: if there is no complete run, or `out` cannot be written.
    """
    found = found_runs(root)
    runs = run_table(found)
    summary = summarised(runs)
    plots = [_plot(name, summary[summary.experiment == name]) for name in TITLES if name in set(summary.experiment)]
    texts = {
        "runs.csv": runs.to_csv(index=False),
        "summary.csv": summary.to_csv(index=False),
        "README.md": _page(runs, summary, plots, command),
    }
    parts = dict.fromkeys(run.path.parent.name for run in found)
    made = [of_runs(part, [run for run in found if run.path.parent.name == part]) for part in parts]
    return write_results(out, texts, plots, made)


def found_runs(root: Path) -> list[Source]:
    """The complete runs of `nas prune` under `root`, <experiment>/<arm>-<point>-<seed>.

    Raises:
        RunError: if there is none.
    """
    found = []
    for config in sorted(root.glob(f"*/*/{CONFIG}")):
        parts = config.parent.name.rsplit("-", 2)
        experiment = config.parent.parent.name
        if len(parts) == 3 and experiment in TITLES:
            source = load(config.parent)
            if source.status == "completed":
                found.append(source)
    if not found:
        raise RunError(f"no complete runs in {root}: run the experiment first.")
    return found


def run_table(found: Iterable[Source]) -> pd.DataFrame:
    """A row per round (or result) of each run.

    Accuracies in percent; `left` and `flops_left` in percent of the network that is not pruned.
    """
    return pd.DataFrame([row for source in found for row in _rows(source)])


def _rows(source: Source) -> Iterator[dict[str, Any]]:
    folder, run = source.path, Pruned(source.history)
    experiment, parts = folder.parent.name, folder.name.rsplit("-", 2)
    same = {
        "experiment": experiment,
        "seed": int(parts[2]),
        "minutes": (wall_seconds(source.history) or 0.0) / 60,
        "dataset": source.dataset,
        "training_images": source.history.dataset.get("train"),
    }
    make = _results if experiment in FINAL else _curves
    rows: Iterable[dict[str, Any]] = make(run, parts[0], float(parts[1]))
    if experiment == "latency":
        rows = [{**row, **_together(folder, parts[2])} for row in rows if row["arm"] == parts[0]]
    elif experiment == "half_flops":
        rows = [{**row, **_in_turns(folder, parts, row["arm"])} for row in rows]
    elif experiment == "regrowth":
        rows = _beside_dense(rows, run.before)
    yield from ({**same, **row} for row in rows)


def _beside_dense(rows: Iterable[dict[str, Any]], before: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Without the network before, which may never have been trained; where it is the baseline, that is dense.

    And without times, which are of different hours of the machine.
    """
    for row in rows:
        if not row["arm"].endswith(WHOLE):
            yield {**row, **_times({}, {})}
        elif before.get("weights") == "baseline":
            yield {**row, **_times({}, {}), "arm": "dense"}


def _together(folder: Path, seed: str) -> dict[str, float | None]:
    """Milliseconds of a run's network beside those of the other runs of its seed; None if they were not measured."""
    return _times({}, _measured(folder.parent, seed).get(folder.name) or {})


def _in_turns(folder: Path, name: Sequence[str], arm: str) -> dict[str, float | None]:
    """Times of a run's network, and of the one that it pruned, which took turns; the random criterion's has none."""
    measured = _measured(folder.parent, name[2])
    whole = measured.get(f"{name[0]}-1-{name[2]}") or {}
    mine = {name[0]: measured.get(folder.name) or {}, f"{name[0]}{WHOLE}": whole}
    return _times(whole, mine.get(arm) or {})


def _measured(folder: Path, seed: str) -> dict[str, Any]:
    file = folder / TOGETHER.format(seed=seed)
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def _milliseconds(measured: Mapping[str, Any]) -> dict[str, float | None]:
    return {column: finite(measured.get(name)) for column, name in TIMES.items()}


def _results(run: Pruned, arm: str, point: float) -> Iterator[dict[str, Any]]:
    """The result, the network before, and that of the random criterion, if there is one."""
    for name, side in ((arm, run.after), (f"{arm}, by chance", run.random), (f"{arm}{WHOLE}", run.before)):
        if side:
            yield {
                "arm": name,
                "point": point,
                "left": 100 * side["nonzero"] / run.before["nonzero"],
                "flops_left": 100 * side["flops"] / run.before["flops"],
                **_times(run.before.get("ms_per_image") or {}, side.get("ms_per_image") or {}),
                "valid": _percent(side.get("valid_accuracy")),
                "test": _percent(side.get("test_accuracy")),
            }


def _times(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float | None]:
    """Milliseconds per image, and how many times faster than the network that is not pruned."""
    first, ms = _milliseconds(before), _milliseconds(after)
    faster = {key: was / now if (was := first[key]) and (now := ms[key]) else None for key in ms}
    return {**ms, **{key.replace("ms", "faster"): ratio for key, ratio in faster.items()}}


def _curves(run: Pruned, arm: str, point: float) -> Iterator[dict[str, Any]]:
    """A point per round; of a lottery also those of new weights, and of the network that is not pruned."""
    no_time = _times({}, {})
    for one in run.of_arm("main"):
        left = {"left": 100 * (1 - one.sparsity), "flops_left": 100 * one.flops / run.before["flops"], **no_time}
        test = _percent(one.tested.get("test_accuracy"))
        yield {"arm": arm, "point": one.number, **left, "valid": _percent(one.value), "test": test}
        if one.reinit is not None:
            again = _percent(_tested(run, f"reinit-{one.number}"))
            yield {"arm": "reinit", "point": one.number, **left, "valid": _percent(one.reinit), "test": again}
    whole = {"arm": "dense", "point": 0, "left": 100.0, "flops_left": 100.0, **no_time, "valid": _percent(run.dense)}
    # A dense network that was trained once is what a ticket, trained once, is measured by.
    yield {**whole, "test": _percent(_tested(run, "train") or run.before.get("test_accuracy"))}


def _tested(run: Pruned, name: str) -> Any:
    """The test accuracy of the network of a phase; None if it was not tested."""
    return ((run.history.last("test").get("rounds") or {}).get(name) or {}).get("test_accuracy")


def _percent(value: Any) -> float | None:
    number = finite(value)
    return None if number is None else 100 * number


def summarised(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds, and half the distance between the best and the worst."""
    grouped = runs.groupby(["experiment", "arm", "point"], sort=False)
    numbers = ["left", "flops_left", *TIMES, *(key.replace("ms", "faster") for key in TIMES), "valid", "test"]
    means = grouped[numbers].mean()
    for key in ("valid", "test"):
        means[f"{key}_range"] = (grouped[key].max() - grouped[key].min()) / 2
    # The network that is not pruned is in the runs of every arm.
    means.insert(0, "seeds", grouped["seed"].nunique())
    return means.round(3).reset_index()


def _plot(experiment: str, table: pd.DataFrame) -> Plot:
    level = "" if experiment == "half_flops" else " The level line is not pruned."
    return Plot(
        experiment,
        TITLES[experiment],
        f"{_key(table).title()} accuracy, mean over seeds; whiskers span the seeds.{level}",
        partial(_draw, experiment=experiment, table=table),
    )


def _key(table: pd.DataFrame) -> str:
    """Whole networks were not all tested: they are what was pruned, not a result."""
    results = table[(table.arm != "dense") & ~table.arm.str.endswith(WHOLE)]
    return "test" if results["test"].notna().all() else "valid"


def _draw(figure: Figure, experiment: str, table: pd.DataFrame) -> None:
    if experiment == "half_flops":
        _draw_halves(figure, table)
        return
    axes, (column, label), key = figure.subplots(), AXES[experiment], _key(table)
    arms = [arm for arm in table.arm.unique() if arm != "dense"]
    for order, arm in enumerate(arms):
        _line(axes, table[table.arm == arm].sort_values(column), column, key, str(arm), order)
    whole = table[table.arm == "dense"]["valid" if table[table.arm == "dense"][key].isna().any() else key]
    if len(whole):
        axes.axhline(whole.mean(), color=MUTED, linewidth=1.1, linestyle="--", label="dense")
    if experiment in ("weights", "lottery", "regrowth"):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(TICKS))
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.invert_xaxis()
    axes.set(xlabel=label, ylabel=f"{key.replace('valid', 'validation')} accuracy [%]")
    axes.margins(0.08)
    legend_above(figure, columns=3)


def _draw_halves(figure: Figure, table: pd.DataFrame) -> None:
    """Networks that have the same FLOPs, side by side."""
    axes, results = figure.subplots(), table[~table.arm.str.endswith(WHOLE)]
    rows = results.sort_values("arm").to_dict("records")
    for order, row in enumerate(rows):
        chance = int(", " in row["arm"])
        looks: dict[str, Any] = {"color": SERIES[chance], "marker": MARKERS[chance]}
        axes.errorbar([order], [row["test"]], yerr=[row["test_range"]], linestyle="none", capsize=4, ms=6, **looks)
    axes.set_xticks(range(len(rows)), [row["arm"].replace(", ", "\n") for row in rows])
    axes.set(ylabel="test accuracy [%]", xlim=(-0.5, len(rows) - 0.5))


def _line(axes: Axes, rows: pd.DataFrame, column: str, key: str, arm: str, order: int) -> None:
    looks: dict[str, Any] = {"color": SERIES[order % len(SERIES)], "marker": MARKERS[order % len(MARKERS)]}
    style = DASHES[order // len(SERIES) % len(DASHES)]
    axes.errorbar(
        rows[column], rows[key], yerr=rows[f"{key}_range"], linestyle=style, capsize=2, ms=4, label=arm, **looks
    )


def _page(runs: pd.DataFrame, summary: pd.DataFrame, plots: Sequence[Plot], command: str) -> str:
    parts = [
        "# Pruning",
        f"Made by `{command}` from the journals of the runs. Reduced: `runs.csv` names the training images; the "
        "configurations are `conf/experiment/pruning_*.yaml`. `left` is the share of weights, `flops_left` that of "
        "FLOPs, in percent; `ms` and `ms_32` milliseconds per image in batches of 1 and 32, `ms_tflite` those of a "
        "file of TFLite, all in float32, `faster` how many times faster than the network that was pruned; `…_range` "
        "half the distance between the best and the worst seed. Of `latency` and `half_flops` the networks of a seed "
        "were measured in turns; `point` is the share of FLOPs that went, or the width. Zeros among weights save no "
        "time: the single weights are of narrower networks, which are as fast. "
        "Of `regrowth` all networks are trained for as long: sparse from the first step, with connections that regrow "
        "by their gradient (`rigl`) or by chance (`set`) or do not (`fixed`), or dense at first (`magnitude`).",
    ]
    found = claims(runs)
    parts += ["## In short", markdown(found)] if len(found) else []
    for plot in plots:
        rows = summary[summary.experiment == plot.name].drop(columns="experiment").dropna(axis="columns", how="all")
        parts += [f"## {plot.title}", markdown(rows), f"![{plot.title}]({plot.name}.png)\n\n{plot.caption}"]
    return "\n\n".join(parts) + "\n"
