"""`results/morphnet/`: MorphNet beside other ways to a smaller network, accuracy against FLOPs."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.measure import finite
from nas_cli.reports.outcome import wall_seconds
from nas_cli.reports.plots.style import Plot, legend_above, looks
from nas_cli.reports.source import Source, load
from nas_cli.runs.folder import CONFIG

TITLES = {
    "equal_flops": "ResNet-20 at equal FLOPs",
    "fine_tuned": "Filters of the trained ResNet-20 pruned to equal FLOPs and fine-tuned",
    "inception_v2": "Inception v2: accuracy against FLOPs (Figure 1 of the first document)",
}
CRITERIA = {
    "magnitude": "filters by magnitude (l2)",
    "taylor": "filters by Taylor",
    "obd": "filters by OBD",
    "activation": "filters by activation",
    "random": "filters by chance",
}
"""Of `nas prune`, one that decides which filters go."""

LABELS = {
    "width": "width multiplier",
    "morphnet": "MorphNet, one process",
    "horovod": "MorphNet, Horovod",
    "lasso": "lasso on batch-norm scales, blind to costs",
    **CRITERIA,
}
KEYS = ["experiment", "family", "point"]


def build_morphnet(root: Path, out: Path, command: str) -> list[Path]:
    """The files written under `out` from the complete runs under `root`, which `command` made.

    Raises:
        RunError: if there is no complete run, or `out` cannot be written.
    """
    found = found_runs(root)
    runs = run_table(found)
    summary = summarised(runs)
    plots = [_plot(name, summary[summary.experiment == name]) for name in summary.experiment.unique()]
    texts = {
        "runs.csv": runs.to_csv(index=False),
        "summary.csv": summary.to_csv(index=False),
        "README.md": _page(summary, plots, command),
    }
    parts = dict.fromkeys(run.path.parent.name for run in found)
    made = [of_runs(part, [run for run in found if run.path.parent.name == part]) for part in parts]
    return write_results(out, texts, plots, made)


def found_runs(root: Path) -> list[Source]:
    """The complete runs under `root`, whose folders are <experiment>/<family>-<point>-<seed>.

    Raises:
        RunError: if there is none.
    """
    found = []
    for config in sorted(root.glob(f"*/*/{CONFIG}")):
        parts = config.parent.name.rsplit("-", 2)
        if len(parts) != 3 or parts[0] not in LABELS:
            continue
        source = load(config.parent)
        if source.status == "completed":
            found.append(source)
    if not found:
        raise RunError(f"no complete runs in {root}: run the experiment first.")
    return found


def run_table(found: Iterable[Source]) -> pd.DataFrame:
    """A row per run."""
    return pd.DataFrame([_row(run.path.parent.name, run.path.name.rsplit("-", 2), run) for run in found])


def _row(experiment: str, parts: Sequence[str], source: Source) -> dict[str, Any]:
    history = source.history
    end = history.last("end")
    after = (end.get("morph") or end.get("prune") or {}).get("after") or source.cost
    test = history.last("test")
    valid = {**(test.get("valid") or {})}
    return {
        "experiment": experiment,
        "family": parts[0],
        "point": float(parts[1]),
        "seed": int(parts[2]),
        "mflops": after["flops"] / 1e6,
        "params": after["params"],
        "valid_accuracy": _percent(valid.get("valid_accuracy")),
        "test_accuracy": _percent((test.get("metrics") or {}).get("test_accuracy")),
        "images_per_second": images_per_second(history.of_kind("epoch")),
        "minutes": (wall_seconds(history) or 0.0) / 60,
        "dataset": source.dataset,
        "training_images": history.dataset.get("train"),
        "epochs": sum(e["arm"] == "main" for e in history.of_kind("epoch"))
        if "prune" in end
        else source.config["training"]["epochs"],
    }


def images_per_second(epochs: Any) -> float | None:
    """Mean throughput of the epochs that train the network as it came: before it shrinks, or all of a training."""
    rows = list(epochs)
    early = [row for row in rows if row.get("phase") in (None, "train", "shrink") and not row.get("iteration", 0) > 1]
    speeds = [finite(row.get("images_per_second")) for row in early]
    known = [speed for speed in speeds if speed]
    return fmean(known) if known else None


def _percent(value: Any) -> float | None:
    number = finite(value)
    return None if number is None else 100 * number


def summarised(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds, and half the distance between the best and the worst."""
    grouped = runs.groupby(KEYS, sort=False)
    means = grouped[["mflops", "params", "valid_accuracy", "test_accuracy", "images_per_second", "minutes"]].mean()
    spread = (grouped["test_accuracy"].max() - grouped["test_accuracy"].min()) / 2
    means["test_accuracy_range"] = spread
    means.insert(0, "seeds", grouped.size())
    order = {name: place for place, name in enumerate(LABELS)}
    table = means.round(3).reset_index()
    return table.sort_values(["experiment", "family", "point"], key=lambda c: c.map(order) if c.name == "family" else c)


def claims(summary: pd.DataFrame) -> pd.DataFrame:
    """What the first document says of MorphNet with Horovod, beside ours; empty without its experiment."""
    return pd.DataFrame(
        [
            {"claim": name, "document": theirs, "ours": f"{100 * ours:+.1f} %"}
            for name, theirs, ours in claim_values(summary)
        ]
    )


def claim_values(summary: pd.DataFrame) -> list[tuple[str, str, float]]:
    """Each claim, the document's figure, and ours as a share.

    FLOPs without loss: the largest cut among the points whose accuracy is at least that of the whole network less half
    the spread of its seeds. Accuracy at equal cost: against the width multipliers, their accuracies joined by lines
    over FLOPs, at the FLOPs of each point; the mean over points.
    """
    table = summary[summary.experiment == "inception_v2"]
    widths = table[table.family == "width"].sort_values("mflops")
    rows: list[tuple[str, str, float]] = []
    speed = {name: table[table.family == name].images_per_second.mean() for name in ("morphnet", "horovod")}
    if len(widths) and all(value == value for value in speed.values()):
        ratio = speed["horovod"] / speed["morphnet"] - 1
        rows.append(("images per second, Horovod against one process", "+10 %", ratio))
    for family, cut, gain in (("morphnet", "-8 %", ""), ("horovod", "-12 %", "+2.5 % (JFT), +1.3 % (ImageNet)")):
        own = table[table.family == family]
        if not len(widths) or not len(own):
            continue
        whole = widths.iloc[-1]
        fine = own[own.test_accuracy >= whole.test_accuracy - whole.test_accuracy_range]
        best = fine.mflops.min() / whole.mflops - 1 if len(fine) else 0.0
        rows.append((f"FLOPs without loss, {LABELS[family]}", cut, best))
        at_equal_cost = own.test_accuracy - np.interp(own.mflops, widths.mflops, widths.test_accuracy)
        rows.append((f"accuracy at equal cost, {LABELS[family]}", gain, at_equal_cost.mean() / 100))
    return rows


def _plot(experiment: str, table: pd.DataFrame) -> Plot:
    return Plot(
        experiment,
        TITLES.get(experiment, experiment),
        "Test accuracy against FLOPs per image, mean over seeds; whiskers span the seeds.",
        partial(_draw, table=table),
    )


def _draw(figure: Figure, table: pd.DataFrame) -> None:
    axes = figure.subplots()
    for order, (family, rows) in enumerate(table.groupby("family", sort=False)):
        rows = rows.sort_values("mflops")
        axes.errorbar(
            rows.mflops,
            rows.test_accuracy,
            yerr=rows.test_accuracy_range,
            capsize=2,
            label=LABELS.get(str(family), str(family)),
            **looks(order),
        )
    axes.set(xlabel="MFLOPs per image", ylabel="test accuracy [%]")
    axes.margins(0.1)
    legend_above(figure, columns=2)


def _page(summary: pd.DataFrame, plots: Sequence[Plot], command: str) -> str:
    parts = [
        "# MorphNet beside other ways to a smaller network",
        f"Made by `{command}` from the journals of the runs. Reduced: `runs.csv` names training images and epochs of "
        "every run; the configurations are `conf/experiment/morphnet_*.yaml`. `images_per_second` is of the network "
        "before it shrinks, `test_accuracy_range` half the distance between the best and the worst seed. At equal "
        "FLOPs all networks are trained from fresh weights; those fine-tuned had the whole network's epochs before.",
    ]
    for plot in plots:
        rows = summary[summary.experiment == plot.name].drop(columns="experiment")
        parts += [f"## {plot.title}", markdown(rows)]
        if plot.name == "inception_v2":
            parts += [markdown(claims(summary))]
        parts += [f"![{plot.title}]({plot.name}.png)\n\n{plot.caption}"]
    return "\n\n".join(parts) + "\n"
