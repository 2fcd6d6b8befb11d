"""`nas bench --mode allreduce` from the outside."""

import csv
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from nas_cli.bench.allreduce.table import COLUMNS
from nas_cli.cli import cli
from nas_cli.commands.bench_allreduce import best_lines, table

TINY = ["bench.message_mb=[0.004,0.05]", "bench.cycle_ms=[0.5]", "bench.fusion_mb=[0,1]", "bench.pieces=2",
        "bench.rounds=1"]  # fmt: skip

horovod = [
    pytest.mark.horovod,
    pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed"),
]


def nas(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["bench", "--mode", "allreduce", *arguments], prog_name="nas")


def test_a_dry_run_says_what_would_be_measured() -> None:
    pytest.importorskip("horovod.runner")
    done = nas("-np", "2", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "messages of 4 KB, 64 KB, 1 MB, 16 MB, 64 MB between 2 processes" in done.stdout
    assert "horovod, cycle 0.1 ms, 16 tensors, fusion 128 MB" in done.stdout
    assert "ps-pull; ps-push\n" in done.stdout


@pytest.mark.parametrize(("arguments", "said"), [
    (["-np", "1"], "-np 1: one process has nobody to send to; take at least 2."),
    (["bench.message_mb=[0]"], "bench.message_mb[0] must be in (0, 2000], got 0.0."),
    (["bench.message_mb=[]"], "bench.message_mb is empty: name at least one."),
    (["-H", "localhost:2"], "-H localhost:2: allreduce compares with this machine's loopback device; leave -H out."),
    (["bench.servers=2"], "bench.servers=2: allreduce measures the traffic of one server."),
])  # fmt: skip
def test_wrong_input_gets_one_line(arguments: list[str], said: str) -> None:
    done = nas(*arguments, "--dry-run")
    assert done.exit_code == 2
    assert done.stderr == f"Error: {said}\n"


def test_messages_that_do_not_fit_into_the_memory_are_refused() -> None:
    pytest.importorskip("horovod.runner")
    done = nas("-np", "100", "bench.message_mb=[2000]", "--dry-run")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: 100 processes need about 1660.0 GB (16.6 GB each), ")
    assert done.stderr.endswith("GB are free: use a smaller -np or bench.message_mb.\n")


def test_a_port_that_is_taken_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    pytest.importorskip("horovod.runner")
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = nas("-np", "2", f"bench.port={port}", "--out", str(tmp_path / "run"))
    assert done.exit_code == 1
    assert f"port {port} cannot be had (Address already in use): give another bench.port" in done.stderr


def test_a_timeline_of_a_mode_without_horovod_is_refused() -> None:
    done = CliRunner().invoke(cli, ["bench", "--mode", "ps-sync", "bench.timeline=true", "--dry-run"], prog_name="nas")
    assert done.exit_code == 2
    assert "only ring-allreduce and allreduce leave one, ps-sync runs no Horovod" in done.stderr


def test_the_table_shows_what_is_reached() -> None:
    row = {
        "message_bytes": 16_000_000, "processes": 2, "label": "horovod, cycle 0.1 ms", "seconds": 0.02,
        "gb_per_second": 0.8, "best_gb_per_second": 1.0, "share_of_shift": 0.47, "best_share_of_shift": 0.5,
        "cpu_seconds_per_gb": 1.25, "idle_cores": 0.3, "oversubscribed": True,
    }  # fmt: skip
    assert table([row])[1].split() == ["16", "MB", "2", "horovod,", "cycle", "0.1", "ms", "20.000", "0.800", "1.000",
                                       "47%", "50%", "1.25", "30%", "oversubscribed"]  # fmt: skip
    assert best_lines([row]) == [
        "best at 16 MB, 2 processes: horovod, cycle 0.1 ms, 0.80 GB/s, 47% of the shift (50% by the shortest times)"
    ]


class TestForReal:
    """Two processes, a ring and a server: stopped as soon as one setting is done, and continued."""

    pytestmark = horovod

    def test_it_is_interrupted_resumed_and_leaves_no_process(self, tmp_path: Path) -> None:
        run = tmp_path / "run"
        argv = ["bench", "--mode", "allreduce", "-np", "2", *TINY, "bench.timeline=true", "--out", str(run)]
        parent = subprocess.Popen([sys.executable, "-m", "nas_cli", *argv], stderr=subprocess.PIPE, text=True)
        while "measured" not in _journal(run):
            assert parent.poll() is None, parent.communicate()[1]
            time.sleep(0.2)
        os.kill(parent.pid, signal.SIGINT)
        _, told = parent.communicate(timeout=120)
        assert f"interrupted: go on with  nas bench --resume {run}" in told
        assert _working(run) == []
        begun = _journal(run)

        done = CliRunner().invoke(cli, ["bench", "--resume", str(run), "--json"], prog_name="nas")
        assert done.exit_code == 0, done.output
        assert _journal(run).startswith(begun)
        assert _working(run) == []
        _complete(run, json.loads(done.stdout))


def _complete(run: Path, summary: dict[str, Any]) -> None:
    with (run / "rows.csv").open(encoding="utf-8") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == COLUMNS
        assert len(list(reader)) == len(summary["rows"]) == 2 * (2 + 1 + 2 + 2)
    assert summary["status"] == "completed"
    assert {row["message_bytes"] for row in summary["rows"]} == {4000, 50_000}
    assert all(row["gb_per_second"] > 0 for row in summary["rows"])
    assert all(row["share_of_shift"] > 0 for row in summary["rows"] if row["method"] == "horovod")
    assert [one["message_bytes"] for one in summary["best_settings"]] == [4000, 50_000]
    # One for each setting with which Horovod begins.
    assert summary["timeline"] == ["timeline/2-cycle0.5-fusion0.json", "timeline/2-cycle0.5-fusion1.json"]
    assert "ALLREDUCE" in (run / summary["timeline"][1]).read_text(encoding="utf-8")
    assert (run / "plots" / "bandwidth_2.png").exists()
    assert "Best settings" in (run / "report.html").read_text(encoding="utf-8")


def _journal(run: Path) -> str:
    file = run / "journal.jsonl"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _working(run: Path) -> list[int]:
    found = []
    for one in psutil.process_iter():
        try:
            line = " ".join(one.cmdline())
            if str(run) in line and "bench.allreduce.process" in line:
                found.append(one.pid)
        except psutil.Error:
            continue
    return found
