"""`results/optimizers/`: Polishchuk et al.'s optimizers at one shared learning rate and each at its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.learning_rates import hypothesis_sentence, rate_hypothesis
from nas_cli.reports.optimizer_study import CURVE_NOTE, INTERVAL_NOTE, PROTOCOLS, Study
from nas_cli.reports.optimizer_summary import csv_files, row_label, shown_interval, verdict_rows
from nas_cli.reports.plots.optimizers import optimizer_plots
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.source import Source, load
from nas_cli.runs.folder import CONFIG

SAME = ("model", "batch_size", "initializer", "images", "epochs")


def build_optimizers(root: Path, out: Path, command: str) -> list[Path]:
    """The files written under `out` from the complete runs root/shared and root/tuned, which `command` made.

    Raises:
        RunError: if neither is complete, they are not of one network and data, or `out` cannot be written.
    """
    sources = _sources(root)
    study = Study([event for source in sources for event in source.history.events])
    plots = optimizer_plots(study)
    texts = csv_files(study) | {"README.md": _page(study, plots, command)}
    return write_results(out, texts, plots, [of_runs(source.path.name, [source]) for source in sources])


def _sources(root: Path) -> list[Source]:
    found = [load(root / name) for name in PROTOCOLS if (root / name / CONFIG).is_file()]
    complete = [source for source in found if source.status == "completed"]
    if not complete:
        raise RunError(f"no complete runs in {root}: run the experiment first.")
    first = complete[0].history.start
    for source in complete[1:]:
        start = source.history.start
        for key in SAME:
            if start["study"][key] != first["study"][key]:
                raise RunError(f"the runs in {root} differ in {key}: they cannot be compared.")
        if start["dataset"]["split_digest"] != first["dataset"]["split_digest"]:
            raise RunError(f"the runs in {root} have different data: they cannot be compared.")
    return complete


def _page(study: Study, plots: Sequence[Plot], command: str) -> str:
    asked, data = study.asked, study.start["dataset"]
    tuned = (
        f" An optimizer's own rate is chosen on the validation split after {study.tune_epochs} epochs; the compared "
        "trainings begin from other seeds and learn the validation split too."
    )
    parts = [
        "# Optimizers",
        f"Made by `{command}` from the journals of its runs. {_scale(study)}",
        f"Network {asked['model']}, {data['name']}, batch {asked['batch_size']}, {study.start['precision']}. The "
        "document gives neither filters, dropout rate, batch size nor learning rate: ours are in `conf/experiment/`. "
        f"{INTERVAL_NOTE} {CURVE_NOTE}{tuned if study.chosen else ''}",
        "## Summary",
        markdown(_table(study)),
        "## The article's statements",
        "Rules in `nas_cli/reports/optimizer_statements.py`. A reduced study compares order and ratio; levels of the "
        "full one are shown beside.",
        markdown(pd.DataFrame(verdict_rows(study)).drop(columns="source")),
    ]
    found = rate_hypothesis(study)
    parts += (
        ["## The learning rate as the reason", hypothesis_sentence(found), markdown(_own_rates(found))] if found else []
    )
    for plot in plots:
        parts.append(f"### {plot.title}\n\n![{plot.title}]({plot.name}.png)\n\n{plot.caption}")
    return "\n\n".join(parts) + "\n"


def _scale(study: Study) -> str:
    images, epochs = study.asked["images"], study.asked["epochs"]
    if images >= 50_000 and epochs >= 150:
        return "The article's own scale: 50,000 images, 150 epochs."
    tested = study.start["dataset"]["test"]
    return f"Reduced: {images:,} of 50,000 training images, {epochs} of 150 epochs, {tested:,} of 10,000 test images."


def _table(study: Study) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "protocol": row["protocol"],
            "optimizer": row_label(row, study.asked),
            "rate": f"{row['rate']:g}" + (" (edge)" if row["rate_at_edge"] else ""),
            "seeds": row["seeds"],
            "test accuracy [%]": shown_interval(row, "test_accuracy", 100),
            "test loss": shown_interval(row, "test_loss", 1, 3),
            "train accuracy [%]": shown_interval(row, "train_accuracy", 100),
            "converged in epoch": row["converged_epoch"],
            "seconds per epoch": shown_interval(row, "epoch_seconds"),
            "diverged": row["diverged"],
        }
        for row in study.rows()
    )


def _own_rates(found: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "optimizer": row["optimizer"],
            "own rate": f"{row['tuned_rate']:g}",
            "shared / own, powers of ten": f"{row['decades']:+.2f}",
            "shared: test [%]": f"{100 * row['shared']:.1f}",
            "own: test [%]": f"{100 * row['tuned']:.1f}",
        }
        for row in sorted(found["optimizers"], key=lambda row: abs(row["decades"]))
    )
