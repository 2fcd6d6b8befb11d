"""`nas runs`: list, compare, remove."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nas_cli.cli import cli
from nas_cli.commands.runs import age
from nas_cli.runs.folder import RunFolder
from tests.reports import journals

SEARCH = journals.search_events(1, trials=4)


def nas(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(cli, list(words), prog_name="nas", input=answer)


def finished(folder: Path, **best: Any) -> Path:
    """A run that has a summary, which is all that is read of it beside its first event."""
    run = journals.write_run(folder, SEARCH)
    summary = {"version": 1, "command": "search", "status": "completed", "trials": 4, "failed": 1, "best": best}
    (run / "summary.json").write_text(json.dumps(summary))
    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results" / "runs"


def test_the_list_has_a_line_per_run_with_its_score_and_cost(here: Path) -> None:
    finished(here / "sweep" / "00", valid_accuracy=0.8125, test_accuracy=0.8, flops=2_500_000, params=10)
    journals.write_run(here / "cut", journals.interrupted(SEARCH))
    done = nas("runs")
    lines = {line.split()[0]: line for line in done.output.splitlines()}
    assert set(lines) == {"run", "results/runs/sweep/00", "results/runs/cut"}
    assert lines["results/runs/sweep/00"].split()[1:9] == [
        "search",
        "completed",
        "81.25",
        "%",
        "80.00",
        "%",
        "2.50",
        "M",
    ]
    assert "interrupted" in lines["results/runs/cut"]
    assert nas("runs", "list").output == done.output == nas("runs", "results/runs").output


def test_json_has_the_same_runs_as_numbers(here: Path) -> None:
    finished(here / "a", valid_accuracy=0.8125, flops=2_500_000)
    (row,) = json.loads(nas("runs", "--json").output)
    assert {key: row[key] for key in ("path", "status", "valid", "flops", "trials", "failed", "measure")} == {
        "path": "results/runs/a", "status": "completed", "valid": 0.8125, "flops": 2_500_000, "trials": 4, "failed": 1,
        "measure": "accuracy",
    }  # fmt: skip
    assert row["size_bytes"] == sum(file.stat().st_size for file in (here / "a").iterdir())


def test_an_unfinished_run_shows_what_its_journal_holds(here: Path) -> None:
    run = journals.write_run(here / "a", SEARCH[:3])
    (row,) = json.loads(nas("runs", "--json").output)
    assert (row["status"], row["trials"]) == ("unfinished", 2)
    with RunFolder(run).lock():
        (row,) = json.loads(nas("runs", "--json").output)
    assert row["status"] == "running"


def test_a_damaged_run_does_not_hide_the_others(here: Path) -> None:
    run = journals.write_run(here / "a", SEARCH[:3])
    (run / "journal.jsonl").write_text("no json\n")
    finished(here / "b", valid_accuracy=0.5)
    assert {row["path"][-1]: row["status"] for row in json.loads(nas("runs", "--json").output)} == {
        "a": "damaged",
        "b": "completed",
    }


def test_links_are_not_followed(here: Path) -> None:
    run = finished(here.parent / "elsewhere", valid_accuracy=0.5)
    here.mkdir()
    (here / "link").symlink_to(run)
    assert json.loads(nas("runs", "--json").output) == []


def test_no_runs_is_no_error(here: Path) -> None:
    assert nas("runs").exit_code == 0
    assert "no runs yet" in nas("runs").stderr
    here.mkdir(parents=True)
    assert "no runs below" in nas("runs").stderr


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (61, "1 min"), (3 * 3600, "3 h"), (50 * 3600, "2 d")]
)
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_compare_shows_the_settings_that_differ_and_the_results(here: Path) -> None:
    one = journals.write_run(here / "a", SEARCH)
    other = journals.write_run(here / "b", journals.search_events(2, trials=4), "random")
    file = other / "config.yaml"
    file.write_text(file.read_text().replace("epochs: 4", "epochs: 9") + "extra: 1\n")
    done = nas("runs", "compare", "results/runs/a", "results/runs/b")
    table = {line.split()[0]: line.split()[1:] for line in done.output.splitlines() if line}
    assert table["strategy.name"] == ["codeepneat", "random"]
    assert table["training.epochs"] == ["4", "9"]
    assert "seed" not in table
    assert "1 settings that only some" in done.output
    assert table["trials"] == ["4", "4"]
    assert "nas report results/runs/a results/runs/b" in done.output
    plain = json.loads(nas("runs", "compare", str(one), str(other), "--json").output)
    assert plain["settings"]["extra"] == ["–", "1"]
    assert len(plain["results"]["best_valid"]) == 2


def test_remove_asks_and_removes(here: Path) -> None:
    run = finished(here / "a", valid_accuracy=0.5)
    outside = here.parent / "kept"
    outside.mkdir()
    (outside / "file").write_text("precious")
    (run / "link").symlink_to(outside)
    refused = nas("runs", "remove", str(run), answer="n\n")
    assert (refused.exit_code, run.is_dir()) == (1, True)
    assert nas("runs", "remove", str(run)).exit_code == 1
    assert nas("runs", "remove", str(run), answer="y\n").exit_code == 0
    assert not run.exists()
    assert (outside / "file").read_text() == "precious"


def test_what_may_not_be_removed_is_one_line_and_nothing_is_removed(here: Path) -> None:
    good, inner = finished(here / "good", valid_accuracy=0.5), finished(here / "outer" / "best" / "inner")
    outer = finished(here / "outer")
    (here / "link").symlink_to(good)
    (here / "folder").mkdir()
    reasons = {"link": "is a link", "folder": "is not a run", "missing": "there is no run", "outer": str(inner)}
    for name, reason in reasons.items():
        done = nas("runs", "remove", str(good), str(here / name), "--yes")
        assert done.exit_code == 1
        assert len(done.stderr.strip().splitlines()) == 1
        assert reason in done.stderr
    with RunFolder(good).lock():
        assert "being written" in nas("runs", "remove", str(outer / "best" / "inner"), str(good), "--yes").stderr
    assert good.is_dir()
    assert inner.is_dir()


def test_a_removal_that_is_cut_short_can_be_done_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished(here / "a", valid_accuracy=0.5)
    (run / "best").mkdir()

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", refuse)
        done = nas("runs", "remove", str(run), "--yes")
    assert done.stderr == f"Error: Permission denied: {run / 'best'}\n"
    assert nas("runs", "remove", str(run), "--yes").exit_code == 0
    assert not run.exists()


@pytest.mark.parametrize("words", [["remvoe", "x"], ["compare", "a"], ["list", "missing"], ["compare", "a", "b"]])
def test_wrong_usage_is_one_line(here: Path, words: list[str]) -> None:
    done = nas("runs", *words)
    assert done.exit_code in (1, 2)
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("Error: ")


@pytest.mark.parametrize("words", [["runs"], ["runs", "compare", "results/runs/a", "results/runs/b"]])
def test_nothing_heavy_is_imported(here: Path, words: list[str]) -> None:
    finished(here / "a", valid_accuracy=0.5)
    journals.write_run(here / "b", SEARCH[:3])
    code = (
        f"import sys\nfrom nas_cli.cli import cli\ntry: cli({words!r}, prog_name='nas')\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print('HEAVY', [n for n in ('tensorflow', 'keras', 'numpy', 'pandas', 'hydra') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"
