import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "kill_and_resume.py"


def rounds(folder: Path, number: int, driver: str = "tests.search.driver") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPT), "--rounds", str(number), "--folder", str(folder), "--seed", "1"]
    command += ["--command", f"{sys.executable} -m {driver}", "tiny"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)


def test_killed_searches_end_like_an_uninterrupted_one(tmp_path: Path) -> None:
    done = rounds(tmp_path, 3)
    assert done.stdout.endswith("3 of 3 identical\n"), done.stdout + done.stderr
    assert done.returncode == 0


def test_a_difference_is_found(tmp_path: Path) -> None:
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        from kill_and_resume import Trouble, compare, results
    finally:
        sys.path.pop(0)
    rounds(tmp_path, 0)
    whole = tmp_path / "uninterrupted"
    wanted = results(whole)
    same, other = Trouble([]), Trouble([])
    compare(wanted, whole, same)
    journal = whole / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    trial = next(line for line in lines if line["event"] == "trial" and line["fitness"] is not None)
    trial["fitness"] += 1e-16 + trial["fitness"] * 1e-12
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    compare(wanted, whole, other)
    assert same.found == []
    assert "trials differ" in other.found[0] and "fitness" in other.found[0]


def test_ctrl_c_in_a_terminal_stops_workers_and_says_how_to_continue(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.search.driver", "--out", str(tmp_path / "run")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, start_new_session=True
    )
    journal = tmp_path / "run" / "journal.jsonl"
    while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") > 2):
        time.sleep(0.01)
    # A terminal sends Ctrl-C to every process of the group, the workers included.
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert said.startswith("interrupted, ") and f"nas search --resume {tmp_path / 'run'}" in said
    assert json.loads(journal.read_text().splitlines()[-1])["event"] == "stop"
    assert "KeyboardInterrupt" not in (tmp_path / "run" / "log.txt").read_text()
