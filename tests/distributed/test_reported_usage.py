"""What processes on several hosts have used together."""

import json
import threading
from pathlib import Path

from nas_cli.distributed.gathering import arrive, meet
from nas_cli.distributed.reported_usage import BEGIN, BEGUN, END, ENDED, Accounts, report_usage


def play(folder: Path, number: int, used: dict[str, float]) -> None:
    """A process of another host, whose figures are given."""
    meet(folder, BEGIN, [0])
    arrive(folder, BEGUN, number)
    meet(folder, END, [0])
    (folder / f"used-{number}.json").write_text(json.dumps(used))
    arrive(folder, ENDED, number)


def test_processes_add_up_and_the_devices_of_a_host_count_once(tmp_path: Path) -> None:
    for number, seconds in enumerate([1000.0, 2000.0, 4000.0]):
        used = {"cpu_seconds": seconds, "sent_bytes": 1e15 * (number + 1), "peak_bytes": 1e15}
        threading.Thread(target=play, args=(tmp_path, number, used), daemon=True).start()
    accounts = Accounts(tmp_path, "here", ["here", "other", "other"])
    accounts.begin()
    used = accounts.used()
    assert 7000 <= used["cpu_seconds"] < 7100
    assert 2e15 <= used["sent_bytes"] < 3e15
    assert 3e15 < used["peak_bytes"] < 4e15


def test_a_process_reports_when_it_is_asked(tmp_path: Path) -> None:
    report_usage(tmp_path, 0)
    accounts = Accounts(tmp_path, "here", ["here"])
    accounts.begin()
    used = accounts.used()
    theirs = json.loads((tmp_path / "used-0.json").read_text())
    assert theirs["peak_bytes"] > 0
    assert used["peak_bytes"] >= theirs["peak_bytes"]
