"""`results/relevance/`: structure priors and automatic relevance determination on three data sets."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from nas_cli.reports.experiments.arms import Arm, minutes, sessions
from nas_cli.reports.experiments.made import of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.experiments.relevance_runs import ARD, ARMS, DATASETS, HANDMADE, find_runs, run_table
from nas_cli.reports.experiments.relevance_tables import MARGIN, against, comparison, conclusions, size_reductions
from nas_cli.reports.plots.front import set_log_axis
from nas_cli.reports.plots.style import MARKERS, QUIET, SERIES, WIDTH, Plot, legend_above

SEARCHED = ("first", "second", "dirichlet", "gumbel_softmax", "random", HANDMADE)
"""Arms by colour; those with ARD have the colour of their twin, and a filled mark."""


def build_relevance(root: Path, out: Path, command: str) -> list[Path]:
    """The files written under `out` from the complete runs under `root`; `command` made them.

    Raises:
        RunError: if there is no complete run, a file is damaged, or `out` cannot be written.
    """
    arms = find_runs(root)
    runs = run_table(arms)
    plots = [size_plot(runs, dataset) for dataset in dict.fromkeys(runs.dataset)]
    tables = {"comparison.csv": comparison(runs), "size.csv": size_reductions(runs), "runs.csv": runs}
    files = {name: table.to_csv(index=False) for name, table in tables.items()}
    files["README.md"] = _page(arms, runs, tables, plots, (out / "planted.md").exists(), command)
    parts = {arm.dataset: [run for one in arms if one.dataset == arm.dataset for run in one.repeats] for arm in arms}
    return write_results(out, files, plots, [of_runs(part, found) for part, found in parts.items()])


def size_plot(runs: pd.DataFrame, dataset: str) -> Plot:
    """Test score against weights that are not zero: a small mark per run, a large one per arm."""
    own = runs[(runs.dataset == dataset) & runs.test.notna() & runs.nonzero.notna()]
    label = "test RMSE" if (own.measure == "rmse").any() else "test accuracy [%]"
    return Plot(
        f"size_{dataset}",
        f"Score and size, {DATASETS.get(dataset, dataset)}",
        "Small marks are runs, large ones their means; filled marks have ARD, the lines join an arm to its twin.",
        partial(_draw_size, own=own, label=label),
        width=1.6 * WIDTH,
        height=4.2,
    )


def _draw_size(figure: Figure, own: pd.DataFrame, label: str) -> None:
    axes = figure.subplots()
    for order, name in enumerate(SEARCHED):
        colour, marker = SERIES[order % len(SERIES)], MARKERS[order % len(MARKERS)]
        means = []
        for arm in (name, name + ARD):
            group = own[own.arm == arm]
            if group.empty:
                continue
            face = colour if arm.endswith(ARD) else "none"
            axes.scatter(group.nonzero, group.test, s=14, marker=marker, facecolors=face, edgecolors=colour, alpha=0.5)
            means.append((group.nonzero.mean(), group.test.mean()))
            axes.scatter(*means[-1], s=90, marker=marker, facecolors=face, edgecolors=colour, linewidths=1.6,
                         label=name.replace("_", " "), zorder=3)  # fmt: skip
        if len(means) == 2:
            axes.plot(*zip(*means, strict=True), color=QUIET, linewidth=0.9, zorder=1)
    axes.scatter([], [], s=90, marker=MARKERS[0], color=QUIET, label="filled: with ARD")
    axes.set(xlabel="weights that are not zero", ylabel=label)
    set_log_axis(axes, list(own.nonzero))
    legend_above(figure)


def _page(
    arms: Sequence[Arm],
    runs: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    plots: Sequence[Plot],
    planted: bool,
    command: str,
) -> str:
    size = tables["size.csv"]
    parts = [
        "# Relevance of parameters: priors on the structure, and automatic relevance determination",
        f"Made by `{command}` from the journals of {len(runs)} runs; a row for each is in [runs.csv](runs.csv). The "
        "paper stops before its results; these are reduced (below), and what they show is about these sizes only.",
        *(["Data whose right answer is known: [planted.md](planted.md)."] if planted else []),
        "\n".join(f"* `{arm}`: {text}" for arm, text in ARMS.items()),
        "## What they show",
        "\n".join(f"* {text}" for text in conclusions(runs)),
        "## Arms",
        "Means over the runs with the 95 % t interval of the test score (`low`, `high`); a run has a seed of its own, "
        "on Boston housing also a split of its own. `std` is the stability over them, `noise` how much worse the "
        "validation score is with Gaussian noise of 0.3 deviations on the inputs. `nonzero` counts the weights of "
        "kernels and biases that are left, `design_minutes` is the time before the training of the chosen network. The "
        "test set was used once per run. Accuracy in percent, RMSE in 1000 $.",
        markdown(tables["comparison.csv"]),
        "## Size reduction by ARD",
        "Runs with ARD beside those of the same number without; `smaller` is the ratio of nonzero weights, `change` "
        "the difference of test scores, positive where ARD is better, both with 95 % t intervals. Equal means that the "
        f"whole interval is above −{MARGIN['accuracy']:g} points, or −{MARGIN['rmse']:g} of RMSE.",
        markdown(size) if not size.empty else "No pairs yet.",
        *_baselines(runs),
        "## Sizes",
        markdown(pd.DataFrame([_sizes(dataset, arms) for dataset in dict.fromkeys(runs.dataset)])),
        *(f"![{plot.title}]({plot.name}.png)\n\n{plot.caption}" for plot in plots),
    ]
    return "\n\n".join(parts) + "\n"


def _baselines(runs: pd.DataFrame) -> list[str]:
    """Each arm against the random graphs and against the one chosen by hand."""
    parts = []
    for baseline, title in (("random", "Against random graphs"), (HANDMADE, "Against a graph chosen by hand")):
        table = against(runs, baseline)
        if not table.empty:
            columns = ["dataset", "arm", "pairs", "change", "change_low", "change_high", "verdict"]
            parts += [f"## {title}", markdown(table[columns])]
    return parts


def _sizes(dataset: str, arms: Sequence[Arm]) -> dict[str, Any]:
    """What was run on a data set, so that a reader sees what was reduced, and how long it took on what."""
    own = [arm for arm in arms if arm.dataset == dataset]
    searched = next((arm for arm in own if arm.name in ("first", "second")), own[0])
    source = searched.repeats[0]
    config, data, environment = source.config, source.history.dataset, source.environment
    space, strategy, training = (config.get(name) or {} for name in ("space", "strategy", "training"))
    return {
        "dataset": dataset,
        "training examples": data.get("train"),
        "validation": data.get("validation"),
        "vertices": space.get("vertices"),
        "width": space.get("width"),
        "search epochs": strategy.get("epochs"),
        "training epochs": training.get("epochs"),
        "runs": sum(len(arm.repeats) for arm in own),
        "minutes of all runs": round(sum(minutes(run) for arm in own for run in arm.repeats), 1),
        "sessions": sum(sessions(run.history) for arm in own for run in arm.repeats),
        "hardware": f"{environment.get('cpu')}, {environment.get('cores')} cores",
    }
