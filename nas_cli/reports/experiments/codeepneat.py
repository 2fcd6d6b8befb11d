"""`results/codeepneat/`: tables, figures and a page of text about CoDeepNEAT with and without MorphNet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nas_cli.reports.experiments.arms import Arm, find_arms
from nas_cli.reports.experiments.codeepneat_figures import figures
from nas_cli.reports.experiments.codeepneat_tables import ARMS, DATASETS, comparison, trial_table
from nas_cli.reports.experiments.made import Made, of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.plots.style import Plot

FOOTNOTES = """
Slips in the thesis, as printed: 95.6/41.21 is 2.32, not 2.31; the degradations compute to -3.17 and -0.39; its text
attributes the speed-up of 2.31 to CIFAR-10, its table to CIFAR-100.
"""


def build_codeepneat(root: Path, out: Path, command: str) -> list[Path]:
    """The files written under `out` from the complete runs under `root`; `command` made them.

    Raises:
        RunError: if there is no complete run, or `out` cannot be written.
    """
    arms = find_arms(root)
    table = comparison(arms)
    drawn = figures(arms)
    files = {
        "comparison.csv": table.to_csv(index=False),
        "trials.csv": trial_table(arms).to_csv(index=False),
        "README.md": _page(arms, table, drawn, command),
    }
    return write_results(out, files, drawn, [_made(dataset, _of(dataset, arms)) for dataset in _present(arms)])


def _made(dataset: str, arms: Sequence[Arm]) -> Made:
    return of_runs(dataset, [source for arm in arms for source in arm.repeats])


def _present(arms: Sequence[Arm]) -> list[str]:
    return [dataset for dataset in DATASETS if _of(dataset, arms)]


def _page(arms: Sequence[Arm], table: pd.DataFrame, drawn: Sequence[Plot], command: str) -> str:
    parts = [
        "# CoDeepNEAT accelerated by MorphNet",
        f"Made by `{command}` from the journals of {sum(len(arm.repeats) for arm in arms)} runs. Times are of this "
        "machine, the thesis' of another: compare ratios and directions. `minutes` is wall time, `speedup_cpu` the "
        "ratio of the trials' processor time, which other work of the machine changes less; `prediction_error` "
        "compares with it. Accuracies are validation accuracies, mean over the merged last "
        "populations; the test set was used once per run, for its best network (`best_test_accuracy`).",
        "\n".join(f"* {name}: {text}" for name, text in ARMS.items()),
        markdown(table),
        FOOTNOTES.strip(),
        "## Sizes",
        markdown(pd.DataFrame([_sizes(dataset, arms) for dataset in _present(arms)])),
        *(f"![{plot.title}]({plot.name}.png)\n\n{plot.caption}" for plot in drawn),
    ]
    return "\n\n".join(parts) + "\n"


def _of(dataset: str, arms: Sequence[Arm]) -> list[Arm]:
    return [arm for arm in arms if arm.dataset == dataset]


def _sizes(dataset: str, arms: Sequence[Arm]) -> dict[str, Any]:
    """What was run, so that a reader sees what was reduced against the thesis (7 or 4 generations of 12, all data)."""
    source = _of(dataset, arms)[0].repeats[0]
    config, data = source.config, source.history.dataset
    environment: Mapping[str, Any] = source.environment
    return {
        "dataset": dataset,
        "training images": data.get("train"),
        "copies": config["augmentation"]["copies"],
        "validation images": data.get("validation"),
        "generations": config["strategy"]["generations"],
        "population": config["strategy"]["population"],
        "epochs n": config["estimator"]["epochs"] or config["training"]["epochs"],
        "batch": config["training"]["batch_size"],
        "max MFLOPs": (config["space"]["max_flops"] or 0) / 1e6,
        "workers": config["resources"]["workers"],
        "hardware": _hardware(environment),
    }


def _hardware(environment: Mapping[str, Any]) -> str:
    return f"{environment.get('cpu')}, {environment.get('cores')} cores"
