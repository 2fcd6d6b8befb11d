"""`results/scaling/`: the projection against published tables, and what it says of Polishchuk et al.'s machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from nas_cli.bench.projection.calibrate import Calibration
from nas_cli.bench.projection.validation import EXPERIMENTS, Checked
from nas_cli.bench.projection.workload import Workload
from nas_cli.bench.rows import COLUMNS, csv_text
from nas_cli.reports.experiments.made import in_process
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.plots.scaling import scaling_plots
from nas_cli.reports.plots.style import HEIGHT, MARKERS, PAPER, QUIET, SERIES, WIDTH, Plot, legend_above

Row = Mapping[str, Any]
PAPER_TABLE = {"vgg16": (138, 30.9), "vgg19": (143, 39), "resnet50": (25, 10), "inception_v4": (65, 20)}
"""Table 1 of Polishchuk et al. (2019): millions of parameters, GFLOPs. It has no row for ResNet152."""

STATED = (
    "The document states that ring all-reduce almost doubles the parameter server, that asynchronous servers are no "
    "faster than synchronous ones, that ResNet and Inception scale almost linearly with a ring and VGG does not, for "
    "which 25 Gb/s may not be enough. Projected, with 16 workers:"
)

FITTED = (
    "The cost model was fitted to rows with few workers and predicts those with many; no row marked *predicted* was "
    "used in any fit. The rate of one worker is given for every cluster. The form of the model (full-duplex servers "
    "that hide under the backward pass, bandwidths that stay what they are on the faster network) was chosen with all "
    "rows in sight; its numbers were not. The Horovod table does not say how many servers there were: of one per GPU, "
    "per two GPUs and per host, one per GPU fits the rows with 16 GPUs best."
)


def build_scaling(
    rows: Sequence[Row],
    checks: Sequence[Checked],
    fits: Mapping[str, Calibration],
    knee: Sequence[tuple[int, float]],
    workloads: Sequence[Workload],
    out: Path,
    command: str,
    seconds: float,
) -> list[Path]:
    """The files written under `out`: projection.csv, published.csv, fitted.csv, models.csv, figures, README.md.

    `rows`: projections. `checks`: published rows beside projections. `knee`: (W, images per second) projected for the
    K80 hosts with as many servers as workers. `seconds`: what `command` took.
    """
    tables = {"published.csv": check_table(checks), "fitted.csv": fit_table(fits), "models.csv": model_table(workloads)}
    tables["statements.csv"] = statement_table(rows)
    plots = [*scaling_plots(rows), _agreement(checks), _knee(checks, knee)]
    texts = {"projection.csv": csv_text(rows, COLUMNS)}
    texts |= {name: table.to_csv(index=False) for name, table in tables.items()}
    texts["README.md"] = _page(tables, checks, plots, command)
    return write_results(out, texts, plots, [in_process("projection", 1, seconds)])


def check_table(checks: Sequence[Checked]) -> pd.DataFrame:
    """A row per published row of several workers: measured, projected, error in percent, bar, and whether it is met."""
    rows = []
    for check in checks:
        measured = check.row.measured
        rows.append(
            {
                "table": check.row.table,
                "used": "fitted" if check.row.role == "fit" else "predicted",
                "cluster": measured.cluster,
                "mode": measured.mode,
                "transport": measured.transport,
                "model": measured.model,
                "processes": measured.processes,
                "published": measured.images_per_second,
                "projected": round(check.projected, 1),
                "error %": round(100 * check.error, 1),
                "bar": check.bar.name if check.bar else None,
                "met": {None: None, True: "yes", False: "no"}[check.met],
                "source": check.row.source,
            }
        )
    return pd.DataFrame(rows)


def fit_table(fits: Mapping[str, Calibration]) -> pd.DataFrame:
    """A row per fitted parameter: value, standard error as a share of it, number of rows it was fitted to."""
    rows = []
    for experiment in EXPERIMENTS:
        fit = fits[experiment.table]
        for name, value in fit.fitted.items():
            spread = fit.spread[name]
            row = {"cluster": experiment.cluster, "parameter": name, "value": float(f"{value:.4g}")}
            share = None if spread is None else round(100 * spread)
            rows.append({**row, "standard error %": share, "rows": fit.rows, "rms %": round(100 * fit.rms, 1)})
    return pd.DataFrame(rows)


def model_table(workloads: Sequence[Workload]) -> pd.DataFrame:
    """Table 1 beside what the networks have: FLOPs are 2 per MAC of the forward pass of one image."""
    rows = []
    for workload in workloads:
        params, flops = PAPER_TABLE.get(workload.name, (None, None))
        rows.append(
            {
                "model": workload.name,
                "parameters, millions": round(workload.params / 1e6, 2),
                "paper": params,
                "GFLOPs": round(2 * workload.macs / 1e9, 1),
                "paper's GFLOPs": flops,
                "tensors": len(workload.tensors),
                "largest tensor %": round(100 * max(workload.tensors) / workload.params, 1),
                "image size": workload.image_size,
            }
        )
    return pd.DataFrame(rows)


def statement_table(rows: Sequence[Row], workers: int = 16) -> pd.DataFrame:
    """Per cluster and model what Polishchuk et al. (2019) states of modes, projected for `workers` workers."""
    found = {(row["cluster"], row["model"], row["mode"]): row for row in rows if row["processes"] == workers}
    table = []
    for cluster, model in dict.fromkeys((row["cluster"], row["model"]) for row in rows):
        ring, sync, loose = (found[cluster, model, mode] for mode in ("ring-allreduce", "ps-sync", "ps-async"))
        table.append(
            {
                "cluster": cluster,
                "model": model,
                "ring / ps-sync": round(ring["images_per_second"] / sync["images_per_second"], 2),
                "ps-async / ps-sync": round(loose["images_per_second"] / sync["images_per_second"], 2),
                "ring efficiency %": round(100 * ring["efficiency"]),
                "ring binds": ring["binds"],
                "ps-sync efficiency %": round(100 * sync["efficiency"]),
                "ps-sync binds": sync["binds"],
            }
        )
    return pd.DataFrame(table)


def _agreement(checks: Sequence[Checked]) -> Plot:
    return Plot(
        "published_and_projected",
        "Published and projected images per second",
        "Filled marks were predicted, open ones fitted; the band is 20 % either way.",
        lambda figure: _draw_agreement(figure, checks),
        width=WIDTH * 1.2,
        height=HEIGHT * 1.4,
    )


def _draw_agreement(figure: Figure, checks: Sequence[Checked]) -> None:
    axes = figure.subplots()
    values = [check.row.measured.images_per_second for check in checks]
    ends = [0.7 * min(values), 1.4 * max(values)]
    axes.plot(ends, ends, color=QUIET, linewidth=1)
    axes.fill_between(
        ends, [0.8 * end for end in ends], [1.2 * end for end in ends], color=QUIET, alpha=0.25, linewidth=0
    )
    series = {("ring-allreduce", "horovod"): "ring", ("ps-sync", "horovod"): "parameter server"}
    series |= {("ring-allreduce", "horovod_512"): "ring, 512 GPUs", ("ps-sync", "k80"): "parameter server, K80"}
    for position, ((mode, table), label) in enumerate(series.items()):
        chosen = [
            c for c in checks if c.row.measured.mode == mode and c.row.table.split("_h")[0].split("_k")[0] == table
        ]
        for role in ("fit", "predict"):
            points = [(c.row.measured.images_per_second, c.projected) for c in chosen if c.row.role == role]
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    linestyle="",
                    marker=MARKERS[position],
                    color=SERIES[position],
                    markerfacecolor=SERIES[position] if role == "predict" else PAPER,
                    label=label if role == "predict" else None,
                )
    axes.set(xscale="log", yscale="log", xlabel="published, images/s", ylabel="projected, images/s")
    legend_above(figure, 2)


def _knee(checks: Sequence[Checked], curve: Sequence[tuple[int, float]]) -> Plot:
    return Plot(
        "knee_p2_xlarge",
        "Parameter servers on K80 hosts",
        "Inception V3, batch 64. Line: projected, a server per worker. Open marks were fitted, filled ones not used.",
        lambda figure: _draw_knee(figure, [c for c in checks if c.row.table == "k80_knee"], curve),
    )


def _draw_knee(figure: Figure, checks: Sequence[Checked], curve: Sequence[tuple[int, float]]) -> None:
    axes = figure.subplots()
    axes.plot(*zip(*curve, strict=True), color=SERIES[0], label="projected")
    for role, label in (("fit", "published, fitted"), ("predict", "published, not used")):
        points = [(c.row.measured.processes, c.row.measured.images_per_second) for c in checks if c.row.role == role]
        colour = SERIES[1] if role == "predict" else PAPER
        axes.plot(
            *zip(*points, strict=True), linestyle="", marker="o", color=SERIES[1], markerfacecolor=colour, label=label
        )
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set(xlabel="workers", ylabel="images/s")
    legend_above(figure, 3)


def _page(tables: Mapping[str, pd.DataFrame], checks: Sequence[Checked], plots: Sequence[Plot], command: str) -> str:
    held = [check for check in checks if check.met is not None]
    missed = [check for check in held if not check.met]
    listed = "; ".join(
        f"{c.row.measured.model} {c.row.measured.transport}, {c.row.measured.processes} GPUs: {100 * c.error:+.0f} %"
        for c in missed
    )
    parts = [
        "# Scaling: a cost model of data-parallel training, and how far it can be trusted",
        f"Made by `{command}`, in seconds, from `conf/cluster/` and the published rows in `published.csv`.",
        "## Published against projected",
        FITTED,
        markdown(tables["published.csv"].drop(columns=["source"])),
        f"Held to a bar: {len(held)} rows, {len(held) - len(missed)} met it."
        + (f" Missed: {listed}." if missed else ""),
        _reasons(missed),
        "## What was fitted",
        "Least squares of ln(projected / published) on the rows marked *fitted*. A standard error above 100 % says "
        "that the rows hardly tell the parameter.",
        markdown(tables["fitted.csv"]),
        "## The networks",
        "Table 1 of Polishchuk et al. (2019) beside the networks (Inception v4 has 42.7 M parameters, not 65).",
        markdown(tables["models.csv"]),
        "## Figures 9 to 14, projected",
        "The article's own figures are lost, so there are no measured points of its machine to show; these are "
        "projections for it (p2_16xlarge; more than 16 workers are several such machines) and for V100 (p3_25g).",
        STATED,
        markdown(tables["statements.csv"]),
        *[f"![{plot.title}]({plot.name}.png)\n\n{plot.caption}" for plot in plots],
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _reasons(missed: Sequence[Checked]) -> str:
    servers = [check for check in missed if check.row.measured.mode == "ps-sync"]
    rings = [check for check in missed if check.row.measured.mode == "ring-allreduce"]
    told = []
    if servers:
        told.append(
            "Parameter servers with 64 GPUs were faster than projected: one bandwidth per server, fitted on the "
            "25 Gb/s cluster, is too low for the 40 Gb/s one, and how many servers there were is not published."
        )
    if rings:
        told.append(
            "The ring on the processor: the latency of a step of the ring is known from three rows only (see its "
            "standard error), and 64 workers multiply it by four."
        )
    return " ".join(told)
