"""How well a supernet of NAS-Bench-201 ranks its cells: scores with its weights beside the table's accuracies."""

from collections.abc import Iterator
from typing import Any

from nas_cli.reports.correlation import Correlation
from nas_cli.reports.evaluations import Evaluation
from nas_cli.reports.experiments.darts_table import TEST
from nas_cli.reports.source import Source
from nas_cli.reports.structure import Structure
from nas_cli.spaces.nasbench201 import EDGES, to_arch
from nas_cli.spaces.table_file import Table

INHERITED, PUBLISHED = "supernet's weights", "published accuracy"


def rank_rows(source: Source, table: Table) -> Iterator[dict[str, Any]]:
    """A row per search: rank correlations over the different cells that its supernet scored, and the best one's
    accuracy.

    tau, rho: Kendall's and Spearman's, with bootstrap intervals. `overlap`: share of the best tenth by score among the
    best tenth by accuracy. `chosen`: published test accuracy of the cell with the best score; `mean`: of all scored.
    """
    for search in Structure(source.history).searches:
        ranking = _ranking(search.inherited, table)
        if not ranking.count:
            continue
        accuracies, scores = ranking.dear.scores, ranking.cheap.scores
        tau, rho = ranking.kendall, ranking.spearman
        yield {
            "seed": f"{source.history.start.get('seed', 0)}.{search.number}",
            "cells": ranking.count,
            "tau": _rounded(tau.value),
            "tau_low": _rounded(tau.low),
            "tau_high": _rounded(tau.high),
            "rho": _rounded(rho.value),
            "rho_low": _rounded(rho.low),
            "rho_high": _rounded(rho.high),
            "overlap": round(ranking.overlap, 2),
            "chosen": round(accuracies[max(scores, key=lambda cell: scores[cell])], 2),
            "mean": round(sum(accuracies.values()) / len(accuracies), 2),
            "minutes": round(search.seconds / 60, 1),
        }


def _ranking(inherited: Any, table: Table) -> Correlation:
    """The cells that the table knows, each once."""
    every, scores, accuracies = table.numbers(TEST), dict[str, float](), dict[str, float]()
    for cell, score in inherited:
        row = table.row(cell)
        if row is not None:
            name = to_arch(tuple(cell[f"edge_{i}_{j}"] for i, j in EDGES))
            scores[name], accuracies[name] = float(score), float(every[row])
    cheap = Evaluation(INHERITED, scores, (0, 0.0, INHERITED))
    return Correlation(cheap, Evaluation(PUBLISHED, accuracies, (1, 0.0, PUBLISHED)))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
