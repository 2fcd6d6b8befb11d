"""`nas bench` in the modes that measure, from the outside."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from nas_cli.cli import cli
from nas_cli.commands.bench_measure import table

TINY = ["--model", "lenet_300_100", "bench.image_size=8", "bench.batch=2", "bench.iterations=2", "bench.warmup=1"]


def nas(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["bench", *arguments], prog_name="nas")


def test_a_dry_run_says_what_would_be_measured_and_loads_no_tensorflow() -> None:
    code = (
        "import sys; from nas_cli.cli import cli\n"
        "try: cli(['bench', '--mode', 'independent', '-np', '8', '--dry-run'], prog_name='nas')\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'tensorflow', 'keras', 'horovod'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "independent with 8 workers, batch 8 per worker" in done.stdout
    assert "resnet20 at 32 pixels, 338,392 parameters" in done.stdout


@pytest.mark.parametrize(("arguments", "said"), [
    (["--model", "vgg61"], "model 'vgg61' is neither a known network nor a path that exists. Did you mean 'vgg1"),
    (["-np", "0"], "bench.processes[0] must be in [1, 100000], got 0."),
    (["--model", ","], "no model is given"),
    (["bench.iterations=1"], "bench.iterations must be"),
])  # fmt: skip
def test_wrong_input_gets_one_line(arguments: list[str], said: str) -> None:
    done = nas("--mode", "independent", *arguments, "--dry-run")
    assert done.exit_code in (1, 2)
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_what_does_not_fit_is_refused_before_anything_is_started() -> None:
    pytest.importorskip("horovod")
    done = nas("--mode", "ring-allreduce", "-np", "8", "bench.batch=1000000", "--dry-run")
    assert done.exit_code == 1
    assert "GB are free: use a smaller -np or bench.batch" in done.stderr


def test_the_table_says_what_all_cores_do_and_who_takes_turns() -> None:
    row = {
        "kind": "reference", "mode": "ps-async", "model": "m", "processes": 4, "servers": 1, "threads": 1,
        "images_per_second": 1234.5, "uncertainty": 1.0, "jitter": 2.0, "efficiency": 0.5,
        "efficiency_independent": 0.75, "oversubscribed": True, "bytes_moved": 2e6, "cpu_seconds": 3.0,
        "peak_memory_bytes": 1e9, "staleness": 2.5, "most_staleness": 4, "bytes_per_server": [3_000_000],
    }  # fmt: skip
    _, line = table([row])
    assert "1,234.5" in line and "50.0%" in line and "75.0%" in line
    assert line.endswith("oversubscribed, all cores, staleness 2.5 (at most 4), MB per server: 3.0")


def test_a_sweep_puts_the_rows_of_its_runs_together(tmp_path: Path) -> None:
    small = ["--cluster", "p3_25g", "--model", "vgg16", "-np", "1,4", "bench.modes=[independent]"]
    done = nas("--sweep", "bench.batch=32,64", *small, "--out", str(tmp_path / "both"))
    assert done.exit_code == 0, done.output
    with (tmp_path / "both" / "rows.csv").open(encoding="utf-8") as file:
        assert [(row["batch"], row["processes"]) for row in csv.DictReader(file)] == [
            ("32", "1"), ("32", "4"), ("64", "1"), ("64", "4"),
        ]  # fmt: skip


@pytest.mark.slow
def test_measured_rows_calibrate_a_projection(tmp_path: Path) -> None:
    done = nas("--mode", "independent", "-np", "2", *TINY, "--out", str(tmp_path / "run"), "--json")
    assert done.exit_code == 0, done.output
    with (tmp_path / "run" / "rows.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["kind"], row["processes"]) for row in rows][-1] == ("measured", "2")
    assert sorted(path.name for path in (tmp_path / "run" / "plots").iterdir())[0] == "rate_localhost.png"
    assert json.loads(done.stdout)["rows"][-1]["efficiency"] > 0
    again = nas("--mode", "project", "--cluster", "localhost", "--model", "lenet_300_100", "-np", "1,2",
                f"bench.measured='{tmp_path / 'run' / 'rows.csv'}'", "bench.batch=2", "bench.image_size=8",
                "--out", str(tmp_path / "projected"), "--json")  # fmt: skip
    assert again.exit_code == 0, again.output


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_measurement_leaves_no_process(tmp_path: Path, number: int) -> None:
    endless = [*TINY[:-2], "bench.iterations=100000", "bench.warmup=1"]
    argv = ["bench", "--mode", "independent", "-np", "2", *endless, "--out", str(tmp_path / "run")]
    parent = subprocess.Popen([sys.executable, "-m", "nas_cli", *argv], stderr=subprocess.DEVNULL)
    while not _working(tmp_path):
        assert parent.poll() is None
        time.sleep(0.2)
    os.kill(parent.pid, number)
    parent.wait(60)
    limit = time.monotonic() + 60
    while _working(tmp_path) and time.monotonic() < limit:
        time.sleep(0.2)
    assert _working(tmp_path) == []


def _working(folder: Path) -> list[int]:
    found = []
    for one in psutil.process_iter():
        try:
            if str(folder) in " ".join(one.cmdline()) and "measuring" in " ".join(one.cmdline()):
                found.append(one.pid)
        except psutil.Error:
            continue
    return found
