import json
from pathlib import Path

import numpy as np
import pytest

from nas_cli.errors import RunError
from nas_cli.reports.experiments.nasbench201 import build_nasbench201, cells, comparison, hypervolumes
from nas_cli.reports.experiments.nasbench201_arms import Search, find_runs
from nas_cli.spaces.table_file import Table, open_table

SKIP = "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|skip_connect~2|"
RESNET = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|"
BEST = RESNET.replace("|none~1|", "|nor_conv_3x3~1|")

DESCRIPTION = (Path(__file__).parents[2] / "nas_cli" / "estimators" / "tables" / "nasbench201.yaml").read_text()
HEADER = (
    "arch,params_m,flops_m_computed,c10_val_12ep,c10_val_200ep,c10_test_200ep,c10_train_seconds_200ep,c100_val_12ep,"
    "c100_test_200ep,c100_train_seconds_200ep,in16_val_12ep,in16_test_200ep,in16_train_seconds_200ep"
)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Three cells: (MFLOPs, accuracy after 12 epochs) = (2, 20 %), (6, 40 %), (10, 30 %); the last is dominated."""
    rows = [(SKIP, 1, 20, 54.3), (BEST, 3, 40, 94.37), (RESNET, 5, 30, 93.91)]
    lines = [f"{arch},1,{macs},{valid},{valid},{test},100,1,1,1,1,1,1" for arch, macs, valid, test in rows]
    (tmp_path / "nasbench201.csv.gz").write_text("\n".join([HEADER, *lines]) + "\n")
    (tmp_path / "description.yaml").write_text(DESCRIPTION)
    return open_table(tmp_path / "description.yaml")


def search(seed: int, valid: list[float], flops: list[float], test: float) -> Search:
    count = len(valid)
    return Search(seed, np.array(valid), np.full(count, 12.0), np.full(count, 6.0), np.array(flops), test, 0.5)


ARMS = {
    "random": [search(0, [0.2, 0.4], [2e6, 6e6], 0.94), search(1, [0.3, np.nan], [10e6, np.nan], 0.92)],
    "hyperband": [search(0, [0.2], [2e6], 0.93)],
}


def test_accuracies_are_means_over_seeds_beside_the_published() -> None:
    row = comparison(ARMS).iloc[0]
    assert (row.seeds, row.trials, row.simulated_seconds) == (2, 2, 12)
    assert (row.test, row.test_std, row.valid_12) == (93.0, 1.414, 35.0)
    assert row.published == "93.70 ± 0.36"


def test_hypervolumes_are_shares_of_the_exact_front(table: Table) -> None:
    # Reference (0, 10 MFLOPs): the front of (20 %, 2 M) and (40 %, 6 M) covers 0.2 · 8 + 0.2 · 4 = 2.4 M.
    found = hypervolumes(ARMS, table)
    assert list(found.arm) == ["random"]
    row = found.iloc[0]
    # The first search found all of it, the second a cell at the reference's FLOPs: nothing.
    assert (row.hypervolume, row.front, row.on_front) == (50.0, 2, 1.0)


def test_known_cells_are_read_from_the_table(table: Table) -> None:
    assert list(cells(table).test) == [94.37, 54.3, 93.91]


def test_only_complete_journals_count(tmp_path: Path) -> None:
    trial = {"event": "trial", "id": 0, "metrics": {"valid_accuracy": 0.5, "epochs": 12.0}, "cost": {"flops": 2}}
    test = {"event": "test", "metrics": {"test_accuracy": 0.9}}
    end = {"event": "end", "wall_seconds": 1.0}
    for seed, events in ((0, [trial, test, end]), (1, [trial])):
        folder = tmp_path / "random" / str(seed)
        folder.mkdir(parents=True)
        (folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    found = find_runs(tmp_path)
    assert [run.seed for run in found["random"]] == [0]
    assert found["random"][0].test == 0.9 and np.isnan(found["random"][0].seconds[0])
    with pytest.raises(RunError, match="no complete runs"):
        find_runs(tmp_path / "random")


def test_the_files_are_written(tmp_path: Path, table: Table) -> None:
    files = build_nasbench201(ARMS, table, tmp_path / "out", "the script")
    assert {file.name for file in files} == {
        "nasbench201.csv", "runs.csv", "hypervolume.csv", "nasbench201.md", "made.csv",
        "best_so_far.png", "best_so_far.svg", "test_accuracy.png", "test_accuracy.svg",
    }  # fmt: skip
    assert all(file.stat().st_size for file in files)
    assert "93.00 ± 1.41" in (tmp_path / "out" / "nasbench201.md").read_text()
