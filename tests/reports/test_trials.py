"""trials.csv: the columns of the contract, and equal bytes for equal runs."""

import csv
import io
from typing import Any

from nas_cli.reports.history import History
from nas_cli.reports.trials import COLUMNS, TIMES, trials_csv
from tests.reports import journals

HEADER = (
    "id,generation,status,reason,fitness,valid_accuracy,valid_loss,train_accuracy,train_loss,epochs,budget,flops,macs,"
    "params,activation_bytes,seed,full_flops,cached_from,simulated_seconds,"
    "train_seconds,evaluation_seconds,compress_seconds,cpu_seconds,"
    "seconds"
)


def rows(events: list[dict[str, Any]]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(trials_csv(History(events)).decode())))


def test_header_is_the_contract() -> None:
    assert trials_csv(History([])).decode() == HEADER + "\n"


def test_a_row_by_hand() -> None:
    event = {
        "event": "trial",
        "id": 3,
        "generation": 1,
        "status": "ok",
        "reason": None,
        "fitness": 0.1,
        "metrics": {
            "valid_accuracy": 0.1,
            "valid_loss": 2.0,
            "train_accuracy": 1.0,
            "train_loss": 1e-7,
            "epochs": 4.0,
            "train_seconds": 1.5,
            "evaluation_seconds": 0.25,
        },
        "cost": {"flops": 2e12, "macs": 10**12, "params": 7, "activation_bytes": 8},
        "seed": 2**63 - 1,
        "seconds": 2.0,
    }
    line = trials_csv(History([event])).decode().splitlines()[1]
    start = "3,1,ok,,0.1,0.1,2.0,1.0,1e-07,4,,2000000000000,1000000000000,7,8,9223372036854775807,2000000000000,,,"
    assert line == start + "1.5,0.25,,,2.0"


def test_a_compressed_network_is_listed_with_its_own_cost_and_that_before() -> None:
    event = {
        "event": "trial", "id": 0, "generation": 0, "status": "ok", "fitness": 0.5, "cost": {"flops": 40, "params": 9},
        "trained": {"architecture": {}, "cost": {"flops": 10, "params": 3}},
        "metrics": {"compress_seconds": 0.5, "cpu_seconds": 3.5},
    }  # fmt: skip
    (row,) = rows([event])
    wanted = {"flops": "10", "params": "3", "full_flops": "40", "compress_seconds": "0.5", "cpu_seconds": "3.5"}
    assert {key: row[key] for key in wanted} == wanted


def test_rows_come_by_number_however_the_workers_finished() -> None:
    events = journals.search_events(1, trials=8)
    assert trials_csv(History(events)) == trials_csv(History(events[::-1]))
    assert [row["id"] for row in rows(events[::-1])] == [str(i) for i in range(8)]


def test_equal_runs_differ_in_their_times_only() -> None:
    one, other = journals.search_events(1, trials=5), journals.search_events(1, trials=5)
    for event in other:
        event["seconds"] = 99.5
        event.get("metrics", {}).pop("train_seconds", None)
    for a, b in zip(rows(one), rows(other), strict=True):
        assert {key: a[key] for key in COLUMNS if key not in TIMES} == {
            key: b[key] for key in COLUMNS if key not in TIMES
        }
    assert COLUMNS[-len(TIMES) :] == TIMES


def test_a_failed_trial_has_a_reason_on_one_line_and_no_fitness() -> None:
    event = {"event": "trial", "id": 0, "status": "failed", "reason": "out of\n memory, again", "fitness": None}
    (row,) = rows([event])
    assert row["reason"] == "out of memory, again"
    assert row["fitness"] == row["flops"] == ""


def test_floats_read_back_to_the_same_number() -> None:
    events = journals.search_events(2, trials=6)
    fitness = {str(e["id"]): e["fitness"] for e in events if e["event"] == "trial"}
    assert {row["id"]: float(row["fitness"]) for row in rows(events)} == fitness


def test_costs_and_measures_of_other_names_have_columns_of_their_own() -> None:
    event = {
        "event": "trial", "id": 0, "generation": 0, "status": "ok", "fitness": -10.5,
        "metrics": {"valid_top1_error": 10.5, "epochs": 16.0}, "cost": {"params": 90, "energy": 1.5, "nonzero": 80},
    }  # fmt: skip
    failed = {"event": "trial", "id": 1, "generation": 0, "status": "failed", "reason": "out of memory"}
    scored, lost = rows([event, failed])
    assert list(scored)[len(COLUMNS) :] == ["energy", "nonzero", "valid_top1_error"]
    assert (scored["energy"], scored["nonzero"], scored["valid_top1_error"]) == ("1.5", "80", "10.5")
    assert (lost["energy"], lost["valid_top1_error"]) == ("", "")
