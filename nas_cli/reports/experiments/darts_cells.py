"""Derived cells beside random ones in the space of cells, trained alone."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from nas_cli.reports.intervals import mean_interval
from nas_cli.reports.measure import finite
from nas_cli.reports.source import Source
from nas_cli.reports.structure import Structure, origin


def cell_rows(arm: str, source: Source) -> Iterator[dict[str, Any]]:
    """A row per network of a run that was trained alone; `design_seconds` are those of the search it comes from."""
    run = Structure(source.history)
    design = {search.number: search.seconds for search in run.searches}
    skips = {search.number: sum(graph.skips for graph in run.graphs(search)) for search in run.searches}
    for trial in run.trials("derived", "random"):
        kind = str(origin(trial)["kind"])
        search = origin(trial).get("search") if kind == "derived" else None
        score = source.history.score(trial) if trial.fitness is not None else None
        yield {
            "arm": arm,
            "seed": source.history.start.get("seed", 0),
            "kind": kind,
            "search": search,
            "valid_accuracy": None if score is None else 100 * score,
            "params": finite(trial.cost.get("params")),
            "flops": trial.flops,
            "skips": skips.get(search) if search is not None else None,
            "design_seconds": design.get(search) if search is not None else 0.0,
            "train_seconds": finite(trial.metrics.get("train_seconds")),
        }


def cell_searches(cells: pd.DataFrame) -> pd.DataFrame:
    """A row per arm and kind of network: mean validation accuracy with its 95 % interval, best, size, and times."""
    rows = []
    for (arm, kind), group in cells.groupby(["arm", "kind"], sort=False):
        values = [float(value) for value in group.valid_accuracy.dropna()]
        if not values:
            continue
        found = mean_interval(values)
        rows.append(
            {
                "arm": arm,
                "networks": kind,
                "count": len(values),
                "valid_accuracy": round(found.mean, 2),
                "low": round(found.low, 2),
                "high": round(found.high, 2),
                "best": round(max(values), 2),
                "kparams": round(float(group.params.mean()) / 1e3, 1),
                "mflops": round(float(group.flops.mean()) / 1e6, 2),
                "design_minutes": round(float(group.design_seconds.mean()) / 60, 2),
                "train_minutes": round(float(group.train_seconds.mean()) / 60, 2),
            }
        )
    return pd.DataFrame(rows)
