"""One page for a folder of runs and results."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nas_cli import reports
from nas_cli.cli import cli
from nas_cli.reports.glance import glance
from nas_cli.runs.folder import create_run
from tests.reports import journals
from tests.reports.test_pages import EVIL, check

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
TEXT = f"""# First

Words with {EVIL} and [a page](https://example.org), ![our figure](figure.png) ![another's](../../secret.png)

| a | b |
|---|---|
| 1 | {EVIL} |
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs, one of them with a page, and an experiment with a text, a table and two figures."""
    folder = tmp_path / "results"
    for name in ("one", "two"):
        journals.write_run(folder / "runs" / "sweep" / name, journals.search_events(1, trials=3))
    (folder / "runs" / "sweep" / "one" / "report.html").write_text("page")
    made = folder / "first"
    made.mkdir()
    (made / "README.md").write_text(TEXT)
    (made / "figure.png").write_bytes(PNG)
    (made / "more.png").write_bytes(PNG)
    (tmp_path / "secret.png").write_bytes(PNG)
    rows = "".join(f"{EVIL},0.123456789,{number}\n" for number in range(50))
    (made / "table.csv").write_text(f"name,value,number\n{rows}")
    (folder / "README.md").write_text("# Results\n\nWhat there is.\n")
    return folder


def report(folder: Path) -> Result:
    return CliRunner().invoke(cli, ["report", str(folder)], prog_name="nas")


def test_runs_and_experiments_are_on_one_page(results: Path) -> None:
    done = report(results)
    assert done.output.strip() == str(results / "index.html")
    text = (results / "index.html").read_text(encoding="utf-8")
    page = check(text, "overview runs experiment-first")
    assert "What there is." in page.text
    assert "runs/sweep/one/report.html" in page.links
    assert "1 without a page" in page.text
    assert text.count("data:image/png;base64") == 2
    assert "0.123457" in page.text
    assert "10 more rows in table.csv" in page.text


def test_a_folder_of_pictures_is_no_experiment(results: Path) -> None:
    (results / "cats").mkdir()
    (results / "cats" / "one.png").write_bytes(PNG)
    report(results)
    assert "cats" not in (results / "index.html").read_text(encoding="utf-8")


def test_comparisons_are_linked(results: Path) -> None:
    runs = [results / "runs" / "sweep" / name for name in ("one", "two")]
    reports.compare(runs, results / "runs" / "sweep" / "comparison")
    report(results)
    assert "runs/sweep/comparison/comparison.html" in (results / "index.html").read_text(encoding="utf-8")


def test_the_same_folder_gives_the_same_page(results: Path) -> None:
    report(results)
    first = (results / "index.html").read_bytes()
    report(results)
    assert (results / "index.html").read_bytes() == first


def test_a_damaged_file_leaves_the_rest(results: Path) -> None:
    (results / "first" / "empty.csv").write_text("")
    (results / "runs" / "sweep" / "two" / "journal.jsonl").write_text("no json\n")
    assert report(results).exit_code == 0
    assert "1 damaged" in (results / "index.html").read_text(encoding="utf-8")


def test_a_folder_with_neither_is_one_line(tmp_path: Path) -> None:
    done = report(tmp_path)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ") and "is not a run and holds none" in done.stderr
    assert not (tmp_path / "index.html").exists()


def test_a_run_that_has_not_begun_has_the_command_that_was_typed(tmp_path: Path) -> None:
    for name, environment in (("mine", {"argv": ["/opt/bin/nas", "search", "seed=1"]}), ("train-1", {})):
        assert glance(create_run(tmp_path / name, {}, environment)).command == (
            "train" if not environment else "search"
        )
