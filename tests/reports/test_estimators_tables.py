"""`results/estimators/` from made-up journals: five networks, scored by full training and by cheaper ways."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.estimators import EXTRAPOLATED, FULL, MEASURED, SHORT, build_estimators
from nas_cli.reports.reproduction.page import rows
from nas_cli.reports.reproduction.row import DIRECTION, NOT_RUN, REPRODUCED
from tests.reports.journals import write_run

FULL_SCORES = (0.5, 0.6, 0.7, 0.8, 0.9)


def search(folder: Path, scores: Sequence[float], firsts: Sequence[float], seconds: float, **metrics: Any) -> None:
    """A trial per network; `firsts` are the values after the first of two epochs, `metrics` have one for each."""
    events: list[dict[str, Any]] = [{"event": "start", "command": "search", "seed": 0, "time": 0.0}]
    for number, (score, first) in enumerate(zip(scores, firsts, strict=True)):
        own = {name: values[number] for name, values in metrics.items()}
        curve = [{"epoch": 1, "valid_accuracy": first, "seconds": 1.0}, {"valid_accuracy": score, "seconds": 3.0}]
        events.append({"event": "trial", "id": number, "status": "ok", "fitness": score, "time": 1.0, "curve": curve,
                       "metrics": {"valid_accuracy": score, "cpu_seconds": seconds, **own},
                       "architecture": {"point": {"x": number}}})  # fmt: skip
    write_run(folder, [*events, {"event": "end", "time": 2.0, "wall_seconds": 60.0}])


def made(root: Path, promised: Sequence[float] = FULL_SCORES) -> Path:
    """Full trainings of both seeds agree; after one epoch two neighbours are the other way round; what extrapolation
    has measured is the wrong way round."""
    for seed in (0, 1):
        search(root / "fashion_mini" / f"train-{seed}", FULL_SCORES, (0.1, 0.3, 0.2, 0.4, 0.5), 10.0)
        measured = list(reversed(FULL_SCORES))
        search(root / "fashion_mini" / f"extrapolate-{seed}", promised, FULL_SCORES, 4.0, valid_accuracy=measured)
        search(root / "fashion_mini" / f"zero_cost-{seed}", FULL_SCORES, FULL_SCORES, 0.5, synflow=FULL_SCORES)
    return root


def summary(tmp_path: Path) -> pd.DataFrame:
    return pd.read_csv(tmp_path / "estimators" / "summary.csv").set_index("method")


def test_ranks_are_compared_with_those_of_another_seed(tmp_path: Path) -> None:
    files = build_estimators(made(tmp_path / "runs"), tmp_path / "estimators", "the command")
    assert {file.name for file in files} == {
        "correlations.csv", "summary.csv", "README.md", "made.csv", "rank_and_time.png", "rank_and_time.svg",
    }  # fmt: skip
    pairs = pd.read_csv(tmp_path / "estimators" / "correlations.csv")
    assert (pairs["scored"] != pairs["trained"]).all()
    found = summary(tmp_path)
    # One of ten pairs of networks is discordant: (9 - 1) / 10.
    assert found["tau"].to_dict() == pytest.approx(
        {FULL: 1.0, SHORT: 0.8, EXTRAPOLATED: 1.0, MEASURED: -1.0, "synflow": 1.0, "the three proxies together": 1.0}
    )
    assert found["pairs"].to_dict()[FULL] == 1 and found["pairs"].to_dict()[SHORT] == 2
    assert found.loc[MEASURED, "chosen"] == pytest.approx(50.0) and found.loc[MEASURED, "best"] == pytest.approx(90.0)


def test_time_is_a_share_of_full_training(tmp_path: Path) -> None:
    build_estimators(made(tmp_path / "runs"), tmp_path / "estimators", "the command")
    # Processor time, and of the one epoch 1 of 4 seconds.
    assert summary(tmp_path)["time"].to_dict() == pytest.approx(
        {
            FULL: 100.0,
            SHORT: 25.0,
            EXTRAPOLATED: 40.0,
            MEASURED: 40.0,
            "synflow": 5.0,
            "the three proxies together": 5.0,
        }
    )


def test_the_rows_of_the_lecture(tmp_path: Path) -> None:
    def verdict(name: str) -> str:
        (row,) = [row for row in rows(tmp_path) if row.item == f"NAS estimation: {name}"]
        return row.verdict

    build_estimators(made(tmp_path / "runs"), tmp_path / "estimators", "the command")
    assert verdict("learning curves extrapolated") == REPRODUCED
    assert verdict("weights inherited") == NOT_RUN, "there are no such runs"
    build_estimators(made(tmp_path / "worse", FULL_SCORES[::-1]), tmp_path / "estimators", "the command")
    assert verdict("learning curves extrapolated") == DIRECTION, "less time alone"


def test_a_single_seed_cannot_be_compared(tmp_path: Path) -> None:
    search(tmp_path / "fashion_mini" / "train-0", FULL_SCORES, FULL_SCORES, 10.0)
    with pytest.raises(RunError, match="no full trainings of two seeds"):
        build_estimators(tmp_path, tmp_path / "out", "the command")
