"""`nas bench --mode project` and `--mode advise` from the outside."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nas_cli.bench.projection.advise import advise
from nas_cli.bench.projection.cluster import load_cluster
from nas_cli.bench.projection.workload import profiled
from nas_cli.cli import cli
from nas_cli.commands.bench import MODES
from nas_cli.config import conf_dir, groups

SMALL = ["--cluster", "pascal_25g", "--model", "vgg16,resnet101", "--processes", "1,4,16"]


def nas(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["bench", *arguments], prog_name="nas")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "run"
    done = nas("--mode", "project", *SMALL, "--out", str(path), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == json.loads((path / "summary.json").read_text())
    return path


def test_a_projection_leaves_rows_figures_and_a_page(run: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["command"], summary["mode"], summary["status"]) == ("bench", "project", "completed")
    assert len(summary["rows"]) == 2 * 4 * 3
    with (run / "rows.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24
    assert {row["kind"] for row in rows} == {"projected"}
    assert sorted(path.name for path in (run / "plots").iterdir()) == ["rate_pascal_25g.png", "scaling_pascal_25g.png"]
    assert "server link" in (run / "report.html").read_text(encoding="utf-8")


def test_resuming_a_complete_projection_changes_nothing(run: Path) -> None:
    before = (run / "journal.jsonl").read_bytes()
    again = nas("--resume", str(run), "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["rows"] == json.loads((run / "summary.json").read_text())["rows"]
    assert (run / "journal.jsonl").read_bytes() == before


def test_an_interrupted_projection_goes_on_where_it_was(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    for name in ("config.yaml", "environment.json"):
        (path / name).write_bytes((run / name).read_bytes())
    lines = (run / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (path / "journal.jsonl").write_bytes(b"".join(lines[:2]) + lines[2][:40])
    done = nas("--resume", str(path))
    assert done.exit_code == 0, done.output
    assert (
        json.loads((path / "summary.json").read_text())["rows"]
        == json.loads((run / "summary.json").read_text())["rows"]
    )
    assert (path / "rows.csv").read_text() == (run / "rows.csv").read_text()


def test_measured_rows_calibrate_the_profile_and_stand_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(
        "mode,model,processes,batch,images_per_second,transport\n"
        "independent,vgg16,1,64,130.9,\n"
        "ring-allreduce,vgg16,16,64,1000,tcp_nccl\n"
        "ring-allreduce,vgg16,8,64,600,tcp_nccl\n"
        "ring-allreduce,vgg16,4,64,480,tcp_nccl\n"
    )
    done = nas(*SMALL, f"bench.measured='{file}'", "--out", str(tmp_path / "run"), "--json")
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["calibrations"]["pascal_25g"]["fitted_rows"] == 3
    assert set(summary["calibrations"]["pascal_25g"]["fitted"]) == {"jitter", "transports.tcp_nccl.gb_s"}
    assert sum(row["kind"] == "measured" for row in summary["rows"]) == 4
    assert "set bench.batch=64 to compare" in done.stderr


def test_advice_is_given_in_words(tmp_path: Path) -> None:
    done = nas(
        "--mode", "advise", "--model", "vgg16", "--cluster", "pascal_25g", "--out", str(tmp_path / "run"), "--json"
    )
    assert done.exit_code == 0, done.output
    (advice,) = json.loads(done.stdout)["advice"]
    assert advice["recommended"]["mode"] == "ring-allreduce"
    assert advice["sentences"][0].startswith("Train vgg16 on pascal_25g with ring-allreduce")
    assert "Efficiency stays above 80%" in advice["sentences"][1]


def test_a_dry_run_says_what_would_be_done_and_loads_no_tensorflow() -> None:
    code = (
        "import sys; from nas_cli.cli import cli\n"
        "try: cli(['bench', '--dry-run', '--model', 'resnet20,vgg16'], prog_name='nas')\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'tensorflow', 'keras', 'horovod'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "88 rows" in done.stdout


@pytest.mark.parametrize(("arguments", "said"), [
    (["--mode", "projct"], "Did you mean 'project'?"),
    (["mode=projct"], "Did you mean 'project'?"),
    (["--cluster", "p3_25"], "unknown cluster 'p3_25'. Did you mean 'p3_25g'?"),
    (["--model", "vgg"], "model 'vgg' has no profile. Did you mean 'vgg"),
    (["--model", "xception"], "model 'xception' has no profile. Known: "),
    (["bench.modes=[ring]"], "unknown mode 'ring'."),
    (["--processes", "0"], "bench.processes[0] must be in [1, 100000], got 0."),
    (["--processes", "many"], "bench.processes[0] must be a whole number"),
    (["bench.measured=nowhere.csv"], "cannot read the measured rows in nowhere.csv"),
    (["--model", ","], "no model is given"),
    (["bench.sped=3"], "unknown key 'bench.sped'."),
])  # fmt: skip
def test_wrong_input_gets_one_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = nas(*arguments, "--dry-run")
    assert done.exit_code in (1, 2)
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_every_profile_can_be_projected(tmp_path: Path) -> None:
    for name in groups()["cluster"]:
        assert (conf_dir() / "cluster" / f"{name}.yaml").is_file()
        done = nas("--dry-run", "--cluster", name, "--model", "vgg16,inception_v4")
        assert done.exit_code == 0, done.output


def test_every_mode_has_help() -> None:
    assert all(mode.help and mode.module.startswith("nas_cli.commands.") for mode in MODES.values())


def test_values_named_twice_are_projected_once(tmp_path: Path) -> None:
    done = nas("--cluster", "localhost", "--model", "vgg16,vgg16", "--processes", "2,2,4", "--dry-run")
    assert "processes: 2, 4;" in done.output and "8 rows" in done.output


def test_measured_rows_that_say_nothing_are_told(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    head = "mode,model,processes,batch,images_per_second\n"
    file.write_text(f"{head}ring-allreduce,alexnet,2,32,5\n")
    small = ("--cluster", "localhost", "--model", "vgg16", "--processes", "1,2")
    out, measured = str(tmp_path / "run"), f"bench.measured={file}"
    done = nas(*small, measured, "--out", out)
    assert done.exit_code == 2 and "no row is of a model and a cluster that are projected" in done.stderr
    file.write_text(f"{head}ring-allreduce,alexnet,2,32,5\nring-allreduce,vgg16,2,32,5\n")
    assert "1 of 2 measured rows (alexnet) are of models" in nas(*small, measured, "--dry-run").output
    assert "bench.fit names what is fitted" in nas(*small, "bench.fit=[jitter]", "--dry-run").stderr
    wrong = nas(*small, measured, "bench.fit=[speed]", "--out", out)
    assert wrong.exit_code == 2 and "'speed' is not a number" in wrong.stderr
    assert not Path(out).exists()


def test_one_worker_is_advised_nothing_to_distribute() -> None:
    cluster = load_cluster("p3_25g", conf_dir() / "cluster")
    (sentence,) = advise(cluster, profiled("vgg16"), 1, 32).sentences
    assert "on one worker of p3_25g" in sentence and "nothing to distribute" in sentence
