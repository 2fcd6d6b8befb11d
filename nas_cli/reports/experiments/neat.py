"""`results/neat/`: NEAT on exclusive or and on Boston housing, DeepNEAT beside CoDeepNEAT and random search."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import Made, of_runs
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.intervals import mean_interval
from nas_cli.reports.source import Source, load
from nas_cli.runs.folder import CONFIG

XOR, BOSTON, DEEP = "xor.csv", "boston.csv", "deep.csv"
BASELINE = "random"
PAPER = {
    "searches": 100,
    "solved": 100,
    "generations": 32,
    "networks": 4755,
    "hidden neurons": 2.35,
    "connections": 7.48,
}
"""Stanley & Miikkulainen 2002, section 4.1."""


def build_neat(runs: Path, out: Path, command: str, made: Sequence[Made] = ()) -> list[Path]:
    """The files written under `out` from the tables there and the complete runs <strategy>-<seed>/ under `runs`.

    `made`: what the tables took that were computed just now.

    Raises:
        RunError: if there is neither, or `out` cannot be written.
    """
    sources = _complete(runs)
    tables = {name: pd.read_csv(out / name) for name in (XOR, BOSTON, DEEP) if (out / name).exists()}
    texts = {}
    if sources:
        tables[DEEP] = deep_table(sources)
        texts[DEEP] = tables[DEEP].to_csv(index=False)
    if not tables:
        raise RunError(f"no results in {out} and no complete runs in {runs}: run the experiment first.")
    texts["README.md"] = _page(tables, command)
    return write_results(out, texts, [], [*made, *([of_runs("deep", sources)] if sources else [])])


def _complete(runs: Path) -> list[Source]:
    """The complete runs <strategy>-<seed>/ with a chosen network."""
    folders = [config.parent for config in sorted(runs.glob(f"*/{CONFIG}"))]
    named = [folder for folder in folders if folder.name.rpartition("-")[2].isdigit() and "-" in folder.name]
    found = [load(folder) for folder in named]
    return [source for source in found if source.status == "completed" and source.history.best is not None]


def deep_table(sources: Sequence[Source]) -> pd.DataFrame:
    """A row per run: strategy, seed, trials, and accuracies of the chosen network."""
    rows = []
    for source in sources:
        strategy, _, seed = source.path.name.rpartition("-")
        best = source.history.best
        if best is None:
            continue
        test = source.history.last("test").get("metrics") or {}
        rows.append(
            {
                "strategy": strategy,
                "seed": int(seed),
                "trials": len(source.history.trials),
                "valid_accuracy": best.metrics.get("valid_accuracy"),
                "test_accuracy": test.get("test_accuracy"),
            }
        )
    return pd.DataFrame(rows)


def xor_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Searches on exclusive or beside the paper's: means over those that solved it, NaN if none has."""
    # A search that has not solved it has neither a generation nor a network.
    found = table.reindex(columns=["generation", "networks", "hidden", "connections"])[table.solved].mean()
    ours = {
        "searches": len(table),
        "solved": int(table.solved.sum()),
        "generations": found["generation"] + 1,
        "networks": found["networks"],
        "hidden neurons": found["hidden"],
        "connections": found["connections"],
    }
    rows = {"nas": {name: round(value, 2) for name, value in ours.items()}, "paper": PAPER}
    return pd.DataFrame([{"source": name, **row} for name, row in rows.items()])


def boston_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Root mean squared errors in 1000 $, mean and standard deviation over the seeds where there are several."""
    rows = []
    for method, group in table.groupby("method", sort=False):
        row: dict[str, Any] = {"method": method, "seeds": len(group)}
        for part in ("train_rmse", "valid_rmse", "test_rmse"):
            values = group[part].tolist()
            row[part] = f"{fmean(values):.2f}" + (f" ± {stdev(values):.2f}" if len(values) > 1 else "")
        rows.append(row)
    return pd.DataFrame(rows)


def deep_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Per strategy the mean accuracies of the chosen networks, and the mean difference from random search's of the same
    seeds, with 95 % intervals, in percent.
    """
    rows = []
    for strategy, group in table.groupby("strategy"):
        row: dict[str, Any] = {"strategy": strategy, "seeds": len(group), "trials": int(group.trials.max())}
        for part in ("valid_accuracy", "test_accuracy"):
            row[part] = _interval(group[part].tolist())
            row[f"{part} - {BASELINE}"] = _interval(_differences(table, str(strategy), part))
        rows.append(row)
    return pd.DataFrame(rows)


def _differences(table: pd.DataFrame, strategy: str, part: str) -> list[float]:
    if strategy == BASELINE:
        return []
    columns = table.pivot_table(index="seed", columns="strategy", values=part)
    if BASELINE not in columns:
        return []
    return [float(value) for value in (columns[strategy] - columns[BASELINE]).dropna()]


def _interval(values: Sequence[float]) -> str:
    if not values:
        return ""
    found = mean_interval([100 * value for value in values])
    return f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _page(tables: dict[str, pd.DataFrame], command: str) -> str:
    parts = ["# NEAT and DeepNEAT", f"Made by `{command}`; each part can be made by itself with `--only`."]
    if XOR in tables:
        table = tables[XOR]
        parts += [
            "## NEAT on exclusive or",
            "A search has solved it when a network has all four outputs on the right side of 0.5; generations of 150 "
            "networks are counted up to that one, at most 150. Means over the searches that solved it; the paper's "
            "(section 4.1) connections include those of its bias unit. The reference implementation neat-python solves "
            "39 of 50 within as many generations.",
            markdown(xor_summary(table)),
        ]
    if BOSTON in tables:
        parts += [
            "## NEAT on Boston housing",
            "Root mean squared error in 1000 $. Evolution saw the training split, the network was chosen on the "
            "validation split, the test split was used once per search.",
            markdown(boston_summary(tables[BOSTON])),
        ]
    if DEEP in tables:
        parts += [
            "## DeepNEAT, CoDeepNEAT and random search at equal budget",
            "Accuracies in percent of the network that each search chose, mean over seeds with its 95 % interval; "
            f"differences are those from {BASELINE} with the same seed.",
            markdown(deep_summary(tables[DEEP])),
        ]
    return "\n\n".join(parts) + "\n"
