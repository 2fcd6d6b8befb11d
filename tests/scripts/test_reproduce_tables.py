"""`make reproduce-tables`: its plan, what it does with an interruption and a failure, and what it refuses."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from nas_cli.reports.reproduction.catalogue import EXPERIMENTS, Experiment

SCRIPTS = Path(__file__).parents[2] / "scripts"
BY_NAME = {one.name: one for one in EXPERIMENTS}


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    return importlib.import_module("reproduce_tables")


def complete_run(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("seed: 0\n")
    (folder / "journal.jsonl").write_text(json.dumps({"event": "end", "time": 1.0}) + "\n")


def script(folder: Path, name: str, body: str) -> Experiment:
    (folder / f"{name}.py").write_text(f"import sys, time\n{body}\n")
    return Experiment(name, "neat", (), str(folder / f"{name}.py"), "", 1, 5, smoke="", journals=False)


def test_the_plan_counts_complete_runs_and_predicts_the_rest(tables: Any, tmp_path: Path) -> None:
    complete_run(tmp_path / "runs" / "optimizers" / "reduced" / "shared")
    complete_run(tmp_path / "runs" / "morphnet" / "equal_flops" / "width-1-0")
    complete_run(tmp_path / "runs" / "morphnet" / "equal_flops" / "width-1-1")
    places = tables.Places("reduced", tmp_path)
    plan = [tables.step(BY_NAME[name], places) for name in ("optimizers_shared", "morphnet_equal_flops")]
    assert [(step.complete, step.runs, step.minutes) for step in plan] == [(1, 1, 0.0), (2, 8, 25 * 0.75)]
    text = "\n".join(tables.told(plan, "reduced"))
    assert "morphnet_equal_flops  2 of 8 complete      about 19 min, budget 100" in text
    assert "to go" in text and "about 19 min" in text.splitlines()[-1]


def test_the_plan_says_what_a_scale_has_not(tables: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    paper, smoke = tables.Places("paper", None), tables.Places("smoke", tmp_path)
    plan = [tables.step(BY_NAME[name], paper) for name in ("codeepneat_mnist", "relevance_boston")]
    text = "\n".join(tables.told(plan, "paper"))
    assert "days on 2 cores" in text and "left out: no configuration of the document's sizes" in text
    assert "nas-bench-201 not in" in tables.step(BY_NAME["nasbench201"], smoke).left_out


def test_a_dry_run_runs_and_writes_nothing(tables: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--scale", "smoke", "--out", str(tmp_path / "out"), "--only", "projection,codeepneat", "--dry-run"]
    assert tables.main(words) == 0
    assert "left out: the same code as codeepneat_mnist" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_an_unknown_name_is_one_line(tables: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        tables.main(["--only", "codeepneat,morfnet"])
    assert ended.value.code == 2
    assert "argument --only: unknown: morfnet; known: nasbench201," in capsys.readouterr().err.splitlines()[-1]


def test_a_folder_stands_for_all_its_experiments(tables: Any) -> None:
    assert [one.name for one in tables.chosen("neat,projection")] == [
        "projection", "neat_xor", "neat_boston", "neat_deep",
    ]  # fmt: skip


def test_paper_results_have_folders_of_their_own(tables: Any, tmp_path: Path) -> None:
    one = BY_NAME["codeepneat_mnist"]
    assert tables.Places("paper", None).words(one)[-1].endswith("results/codeepneat_paper")
    assert "--out" not in tables.Places("reduced", None).words(one)
    smoke = tables.Places("smoke", tmp_path).words(one)[-4:]
    assert smoke == ["--runs", str(tmp_path / "runs/codeepneat"), "--out", str(tmp_path / "results/codeepneat")]


def test_one_that_fails_does_not_stop_the_others(
    tables: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    bad, good = script(tmp_path, "bad", "sys.exit(3)"), script(tmp_path, "good", "print('ran')")
    monkeypatch.setattr(tables, "chosen", lambda _: [bad, good])
    words = ["--scale", "smoke", "--out", str(tmp_path / "out"), "--only", "x"]
    assert tables.main(words) == 1
    out, err = capfd.readouterr()
    assert "bad: exit code 3" in out and "good: complete" in out and "Not complete: bad." in err
    assert (tmp_path / "out" / "results" / "README.md").exists()
    assert tables.main(words) == 1
    assert "ran" not in capfd.readouterr().out, "what is complete is left alone"


def test_an_interruption_reaches_the_script_and_ends_in_one_line(
    tables: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "interrupted"
    body = f"try:\n    print('up', flush=True); time.sleep(60)\nexcept KeyboardInterrupt:\n    open({str(mark)!r}, 'w')"
    monkeypatch.setattr(tables, "chosen", lambda _: [script(tmp_path, "slow", body)])
    real = tables.subprocess.Popen

    class Interrupted(real):  # type: ignore[misc, valid-type]
        """Ctrl-C while the script runs."""

        asked = False

        def wait(self, timeout: float | None = None) -> int:
            if not self.asked:
                self.asked = True
                assert self.stdout is not None and self.stdout.readline()
                raise KeyboardInterrupt
            return int(super().wait(timeout))

    def begin(*given: Any, **more: Any) -> Any:
        return Interrupted(*given, **more, stdout=tables.subprocess.PIPE)

    monkeypatch.setattr(tables.subprocess, "Popen", begin)
    words = ["--scale", "smoke", "--out", str(tmp_path / "out"), "--only", "x"]
    assert tables.main(words) == 130
    assert mark.exists()
    assert capfd.readouterr().err.splitlines() == ["Interrupted: the same command goes on from here."]


def test_the_runs_of_every_reduced_experiment_are_listed(tables: Any, tmp_path: Path) -> None:
    for one in EXPERIMENTS:
        if one.journals:
            complete, runs = tables.progress(one, tables.Places("reduced", tmp_path))
            assert complete == 0 and runs >= 1, one.name


def test_scripts_refuse_unknown_arms_and_stop_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    runs = importlib.import_module("resumable_runs")
    assert runs.ended(lambda: 3) == 3

    def interrupted() -> int:
        raise KeyboardInterrupt

    assert runs.ended(interrupted) == 130
    assert "the same command goes on" in capsys.readouterr().err
    arms = [runs.Run(Path(name), ()) for name in ("dense/whole-0", "weights/magnitude-0.9-0", "weights/obd-0.9-0")]
    assert [run.path.name for run in runs.of_arms(arms, ["magnitude"])] == ["whole-0", "magnitude-0.9-0"]
    assert len(runs.of_arms(arms, [])) == 3
