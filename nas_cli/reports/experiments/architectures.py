"""`results/architectures/`: accuracy of small networks beside MACs, parameters and measured time."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.experiments.pruning import TOGETHER
from nas_cli.reports.measure import finite
from nas_cli.reports.plots.style import WIDTH, Plot, legend_above, looks
from nas_cli.reports.source import Source, load
from nas_cli.runs.folder import CONFIG

DATASET = "cifar10"
CHAINS = ("conv", "separable")
"""The same chain with whole and with separable convolutions."""

REFERENCE = "resnet20"
"""The family whose widths are joined by a line, which the cheap ones are measured by."""

CHEAP = ("mobilenet", "separable")
MEASURES = {"mmacs": "MACs", "ms_32": "measured time"}
"""By column: what is equal where networks are compared."""

LABELS = {"conv": "chain, whole", "separable": "chain, separable"}


def build_architectures(root: Path, out: Path, command: str) -> list[Path]:
    """The files written under `out` from the complete runs under `root`, which `command` made.

    Raises:
        RunError: if there is no complete run, or `out` cannot be written.
    """
    found = found_runs(root)
    runs = pd.DataFrame([_row(source) for source in found])
    summary, told = summarised(runs), claims(runs)
    plot = _plot(summary)
    texts = {
        "runs.csv": runs.to_csv(index=False),
        "summary.csv": summary.to_csv(index=False),
        "claims.csv": told.to_csv(index=False),
        "README.md": _page(summary, told, plot, command),
    }
    return write_results(out, texts, [plot], [of_runs("architectures", found)])


def found_runs(root: Path) -> list[Source]:
    """The complete trainings <family>-<width>-<seed> under `root`/cifar10.

    Raises:
        RunError: if there is none.
    """
    folders = [file.parent for file in sorted(root.glob(f"{DATASET}/*-*-*/{CONFIG}"))]
    found = [source for source in map(load, folders) if source.status == "completed"]
    if not found:
        raise RunError(f"no complete runs in {root}: run the experiment first.")
    return found


def _row(source: Source) -> dict[str, Any]:
    """Accuracies in percent; milliseconds per image, which the networks of a seed took in turns."""
    family, width, seed = source.name.rsplit("-", 2)
    tested = source.history.last("test")
    values = {**(tested.get("valid") or {}), **(tested.get("metrics") or {})}
    file = source.path.parent / TOGETHER.format(seed=seed)
    times = (json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}).get(source.name, {})
    return {
        "family": family,
        "width": float(width),
        "seed": int(seed),
        "parameters": source.cost.get("params"),
        "mmacs": (finite(source.cost.get("macs")) or 0.0) / 1e6,
        "ms": finite(times.get("batch_1")),
        "ms_32": finite(times.get("batch_32")),
        "valid": 100 * (finite(values.get("valid_accuracy")) or 0.0),
        "test": 100 * (finite(values.get("test_accuracy")) or 0.0),
    }


def summarised(runs: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, and half the distance between the best and the worst."""
    grouped = runs.groupby(["family", "width"], sort=False)
    means = grouped[["parameters", "mmacs", "ms", "ms_32", "valid", "test"]].mean()
    means["test_range"] = (grouped["test"].max() - grouped["test"].min()) / 2
    means.insert(0, "seeds", grouped.size())
    return means.round(4).reset_index()


def claims(runs: pd.DataFrame) -> pd.DataFrame:
    """Of every cheap network, its points of test accuracy over ResNet-20 at equal MACs and at equal time; and of the
    separable chain over the whole one, with how many times cheaper it is. Means over seeds, and their span."""
    rows = []
    cheap = runs[runs.family.isin(CHEAP)].drop_duplicates(["family", "width"])
    for family, width in zip(cheap["family"], cheap["width"], strict=True):
        for column, equal in MEASURES.items():
            points = [_over_line(at, family, width, column) for _, at in runs.groupby("seed")]
            text = f"{LABELS.get(family, f'{family} {width:g}')}, less {REFERENCE} at equal {equal}"
            rows.append(_claim(text, equal, [one for one in points if one is not None]))
    whole, separable = (runs[runs.family == name].set_index("seed") for name in CHAINS)
    ratios = {column: (whole[column] / separable[column]).mean() for column in MEASURES}
    gaps = (separable["test"] - whole["test"]).dropna().tolist()
    row = _claim("chain, separable less whole", "widths", gaps)
    rows.append({**row, "fewer_macs": ratios["mmacs"], "faster": ratios["ms_32"]} if row else {})
    return pd.DataFrame([row for row in rows if row]).round(3)


def _claim(text: str, equal: str, points: Sequence[float]) -> dict[str, Any]:
    if not points:
        return {}
    return {"claim": text, "equal": equal, "seeds": len(points), "points": float(np.mean(points)),
            "lowest": min(points), "highest": max(points)}  # fmt: skip


def _over_line(rows: pd.DataFrame, family: str, width: float, column: str) -> float | None:
    """Points over the line of the reference's widths, whose horizontal axis is logarithmic; None outside of it."""
    line = rows[rows.family == REFERENCE].dropna(subset=[column]).sort_values(column)
    own = rows[(rows.family == family) & (rows.width == width)].dropna(subset=[column])
    if own.empty or line.empty or not line[column].min() <= own[column].iloc[0] <= line[column].max():
        return None
    expected = np.interp(np.log(own[column].iloc[0]), np.log(line[column]), line["test"])
    return float(own["test"].iloc[0] - expected)


def _plot(summary: pd.DataFrame) -> Plot:
    return Plot(
        "accuracy_and_cost",
        "Accuracy against MACs and against measured time",
        "Test accuracy, mean over seeds; whiskers span the seeds. Left: MACs of one image; right: milliseconds per "
        "image in batches of 32, the networks of a seed timed in turns. Points of a family are joined.",
        partial(_draw, summary=summary),
        width=2 * WIDTH,
    )


def _draw(figure: Figure, summary: pd.DataFrame) -> None:
    labels = ("million MACs", "milliseconds per image, batch 32")
    panels: Sequence[Axes] = figure.subplots(1, 2, sharey=True)
    for axes, column, label in zip(panels, MEASURES, labels, strict=True):
        for order, family in enumerate(summary["family"].unique()):
            rows = summary[summary.family == family].dropna(subset=[column]).sort_values(column)
            name = LABELS.get(str(family), str(family))
            axes.errorbar(rows[column], rows["test"], yerr=rows["test_range"], capsize=2, label=name, **looks(order))
        axes.set(xscale="log", xlabel=label)
        axes.margins(0.08)
    panels[0].set_ylabel("test accuracy [%]")
    legend_above(figure, columns=5)


def _page(summary: pd.DataFrame, told: pd.DataFrame, plot: Plot, command: str) -> str:
    parts = [
        "# Efficient architectures",
        f"Made by `{command}` from the journals of the runs: small networks for CIFAR-10, trained alike for a few "
        "epochs. Reduced: `conf/experiment/architectures.yaml`. `mmacs`: million multiply-accumulates of one image; "
        "`ms` and `ms_32`: milliseconds per image in batches of 1 and 32, in float32, the networks of a seed timed in "
        "turns; "
        "`test_range`: half the distance between the best and the worst seed. MobileNet was made for images of 224 "
        "pixels: of these of 32 its strides leave maps of one pixel.",
        markdown(summary),
    ]
    parts += ["## In short", markdown(told)] if len(told) else []
    parts.append(f"## {plot.title}\n\n![{plot.title}]({plot.name}.png)\n\n{plot.caption}")
    return "\n\n".join(parts) + "\n"
