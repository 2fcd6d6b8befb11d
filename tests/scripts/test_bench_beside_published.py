"""The published scripts get the processes they need, and their results are read; scripts here stand in for them."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from nas_cli.errors import RunError

SCRIPTS = Path(__file__).parents[2] / "scripts"

TF_CNN = """
import sys, time
options = dict(word[2:].split("=") for word in sys.argv[1:])
if options["job_name"] == "ps":
    time.sleep(600)
assert len(options["worker_hosts"].split(",")) == 2
print("total images/sec:", 100 + 10 * int(options["task_index"]) + (options["cross_replica_sync"] == "True"))
"""


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("bench_beside_published")


@pytest.mark.parametrize(("mode", "speed"), [("ps-sync", 106.0), ("ps-async", 105.0)])
def test_workers_of_tf_cnn_benchmarks_are_read_and_their_server_is_ended(
    beside: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    mode: str, speed: float,
) -> None:  # fmt: skip
    (tmp_path / "tf_cnn_benchmarks.py").write_text(TF_CNN)
    monkeypatch.setattr(beside, "own", lambda published, folder: 2 * speed)
    assert beside.main(["--tf-cnn-benchmarks", str(tmp_path), "--modes", mode, "--rounds", "1"]) == 0
    said = capsys.readouterr().out
    assert f"{mode}: {speed} images/s, ours {2 * speed}" in said
    assert "ours / theirs 2.000" in said


def test_a_script_that_says_nothing_is_an_error_with_its_last_words(beside: Any, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("worker 0: no such flag")
    with pytest.raises(RunError, match="no such flag"):
        beside.said(tmp_path / "log", r"total images/sec: ([\d.]+)", 2)


def test_one_of_them_must_be_named(beside: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        beside.main([])
    assert "name at least one" in capsys.readouterr().err
