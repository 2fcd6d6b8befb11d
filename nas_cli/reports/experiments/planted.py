"""`results/relevance/planted.*`: what is found again of a graph that made the data, and of inputs that had no part."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from nas_cli.errors import RunError
from nas_cli.reports.experiments.made import in_process
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.reports.intervals import mean_interval


@dataclass(frozen=True)
class StructureRun:
    """One search: if the derived graph's edges that matter are the planted ones, and their functions too.

    `decided`: the smallest of the largest weights of a vertex (or of an edge), 1 where the relaxation has ended at one
    graph. `mse`: of the derived network on validation data, targets having variance 1; `graph`: the derived one.
    """

    arm: str
    seed: int
    edges_right: bool
    functions_right: bool
    decided: float
    mse: float
    graph: str
    seconds: float


@dataclass(frozen=True)
class InputsRun:
    """One training with ARD: how many inputs of each sort were removed, and the error before and after.

    `rmse_plain`: of the same network with ordinary weights and all inputs.
    """

    arm: str
    seed: int
    irrelevant: int
    irrelevant_removed: int
    relevant: int
    relevant_removed: int
    rmse_before: float
    rmse_after: float
    rmse_plain: float
    seconds: float


def build_planted(
    structures: Sequence[StructureRun], inputs: Sequence[InputsRun], out: Path, command: str, setting: str
) -> list[Path]:
    """The files written under `out`, which `command` made; `setting` says in words what was run.

    Raises:
        RunError: if there is no run of one of the two problems, or `out` cannot be written.
    """
    if not structures or not inputs:
        raise RunError("planted structure: no runs were given; run at least one seed.")
    runs = pd.concat(
        [_rows("structure", structures), _rows("inputs", inputs)],
        ignore_index=True,
    )
    page = _page(found(structures), removed(inputs), command, setting)
    texts = {"planted.csv": runs.to_csv(index=False), "planted.md": page}
    seconds = sum(run.seconds for run in structures) + sum(run.seconds for run in inputs)
    return write_results(out, texts, [], [in_process("planted", len(runs), seconds)])


def found(runs: Sequence[StructureRun]) -> pd.DataFrame:
    """A row per arm: in how many seeds the planted edges, and also their functions, were found."""
    rows = []
    for arm in dict.fromkeys(run.arm for run in runs):
        own = [run for run in runs if run.arm == arm]
        rows.append(
            {
                "arm": arm,
                "seeds": len(own),
                "edges_right": sum(run.edges_right for run in own),
                "functions_right": sum(run.functions_right for run in own),
                "decided": round(sum(run.decided for run in own) / len(own), 3),
                "mse": round(sum(run.mse for run in own) / len(own), 4),
                "seconds": round(sum(run.seconds for run in own) / len(own), 1),
            }
        )
    return pd.DataFrame(rows)


def removed(runs: Sequence[InputsRun]) -> pd.DataFrame:
    """A row per arm: shares of the inputs of each sort that were removed, in percent, and mean errors.

    `change`: of the error by the removal, with its 95 % interval over the seeds.
    """
    rows = []
    for arm in dict.fromkeys(run.arm for run in runs):
        own = [run for run in runs if run.arm == arm]
        change = mean_interval([run.rmse_after - run.rmse_before for run in own])
        rows.append(
            {
                "arm": arm,
                "seeds": len(own),
                "irrelevant_removed_%": _percent([(run.irrelevant_removed, run.irrelevant) for run in own]),
                "relevant_removed_%": _percent([(run.relevant_removed, run.relevant) for run in own]),
                "rmse_plain": round(sum(run.rmse_plain for run in own) / len(own), 4),
                "rmse_before": round(sum(run.rmse_before for run in own) / len(own), 4),
                "rmse_after": round(sum(run.rmse_after for run in own) / len(own), 4),
                "change": round(change.mean, 5),
                "change_low": round(change.low, 5),
                "change_high": round(change.high, 5),
            }
        )
    return pd.DataFrame(rows)


def _percent(counts: Sequence[tuple[int, int]]) -> float:
    return round(100.0 * sum(part for part, _ in counts) / sum(whole for _, whole in counts), 1)


def _rows(problem: str, runs: Sequence[StructureRun] | Sequence[InputsRun]) -> pd.DataFrame:
    return pd.DataFrame([{"problem": problem, **asdict(run)} for run in runs])


def _page(structures: pd.DataFrame, inputs: pd.DataFrame, command: str, setting: str) -> str:
    parts = [
        "# Planted structure and planted irrelevant inputs",
        f"Made by `{command}`; a row for each run is in [planted.csv](planted.csv). The data are made by formulas, so "
        "that the right answer is known; the results say nothing of real data.",
        setting,
        "## The graph",
        "Seeds in which the derived graph, without edges that do not lead to the output, has the planted edges "
        "(`edges_right`), and the planted functions on them (`functions_right`). `decided` is the smallest of the "
        "largest weights of the simplices, `mse` the derived network's on validation data (variance 1), both means.",
        markdown(structures),
        "## Inputs without influence",
        "`rmse_before` and `rmse_after` the removal, on data not used for training; `rmse_plain` is that of ordinary "
        "weights on all inputs. `change` is after − before, mean and 95 % interval over the seeds.",
        markdown(inputs),
    ]
    return "\n\n".join(parts) + "\n"
