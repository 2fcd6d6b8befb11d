import errno
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from nas_cli.errors import RunError
from nas_cli.runs import shared_sync
from nas_cli.runs.journal import Journal, first_event, read_journal


def write(path: Path, count: int) -> list[dict]:
    with Journal(path, clock=lambda: 7.0) as journal:
        return [journal.append({"event": "trial", "id": i, "text": "né\n"}) for i in range(count)]


def test_events_come_back_as_written(tmp_path: Path) -> None:
    written = write(tmp_path / "j", 3)
    assert written[1] == {"event": "trial", "id": 1, "text": "né\n", "time": 7.0}
    assert read_journal(tmp_path / "j") == written


def test_a_last_line_torn_at_any_byte_is_dropped_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "j"
    written = write(path, 3)
    whole = path.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    for end in range(last, len(whole)):
        path.write_bytes(whole[:end])
        assert read_journal(path) == written[:2]
        with Journal(path, clock=lambda: 9.0) as journal:
            journal.append({"event": "again"})
        assert read_journal(path) == [*written[:2], {"event": "again", "time": 9.0}]


@pytest.mark.parametrize("damage", [b"{]", b"", b"[1]", b"\xff\xfe", b'{"no":"event"}', b"\0\0\0"])
def test_damage_in_the_middle_names_the_line(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "j"
    write(path, 3)
    lines = path.read_bytes().split(b"\n")
    lines[1] = damage
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(RunError, match="line 2 of"):
        read_journal(path)


def test_a_full_disk_loses_no_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    written = write(path, 2)
    real_write = os.write
    with Journal(path) as journal:
        monkeypatch.setattr(os, "write", lambda fd, data: real_write(fd, data[: len(data) // 2]))
        with pytest.raises(RunError, match="disk is full.*--resume"):
            journal.append({"event": "lost"})
        assert path.read_bytes().endswith(b"}\n")
        assert read_journal(path) == written
        monkeypatch.undo()
        journal.append({"event": "after"})
    assert [event["event"] for event in read_journal(path)] == ["trial", "trial", "after"]


def test_a_disk_that_fails_to_sync_loses_no_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    written = write(path, 1)

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Journal(path) as journal:
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(RunError, match="disk is full"):
            journal.append({"event": "lost"})
    assert read_journal(path) == written


def test_a_really_full_file_system(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs the rights to do so")
    try:
        with Journal(disk / "j") as journal:
            journal.append({"event": "start"})
            with pytest.raises(RunError, match="disk is full"):
                for number in range(200):
                    journal.append({"event": "trial", "id": number, "text": "x" * 1000})
        events = read_journal(disk / "j")
        assert [event["id"] for event in events[1:]] == list(range(len(events) - 1))
        assert len(events) > 30
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_events_in_quick_succession_share_a_sync_and_all_are_on_disk_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_sync, syncs = os.fsync, list[int]()

    def count(descriptor: int) -> None:
        syncs.append((tmp_path / "j").stat().st_size)
        real_sync(descriptor)

    monkeypatch.setattr(shared_sync, "INTERVAL_SECONDS", 3600.0)
    with Journal(tmp_path / "j") as journal:
        monkeypatch.setattr(os, "fsync", count)
        for number in range(50):
            journal.append({"event": "trial", "id": number})
        # One that nothing may follow for an hour is not left to chance.
        journal.append({"event": "end"})
        whole = (tmp_path / "j").stat().st_size
        assert (len(syncs), syncs[-1]) == (2, whole)
        journal.append({"event": "trial", "id": 50})
    assert syncs[-1] > whole
    assert len(read_journal(tmp_path / "j")) == 52


def test_a_last_event_that_waits_for_company_is_synced_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = threading.Event()
    with Journal(tmp_path / "j") as journal:
        journal.append({"event": "start"})
        monkeypatch.setattr(os, "fsync", lambda descriptor: synced.set())
        journal.append({"event": "trial", "id": 0})
        assert synced.wait(60)


def test_a_disk_that_fails_behind_the_search_stops_it_at_the_next_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def refuse(descriptor: int) -> None:
        tried.set()
        raise OSError(errno.ENOSPC, "No space left on device")

    with Journal(tmp_path / "j") as journal:
        journal.append({"event": "start"})
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", refuse)
            journal.append({"event": "trial", "id": 0})
            assert tried.wait(60)
            with pytest.raises(RunError, match="disk is full"):
                for number in range(1, 1000):
                    journal.append({"event": "trial", "id": number})
                    time.sleep(0.01)


def test_the_first_event_is_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    written = write(path, 3)
    path.write_bytes(path.read_bytes().replace(b'"id":1', b"no json"))
    assert first_event(path) == written[0]
    path.write_bytes(b'{"event":"sta')
    assert first_event(path) is None


def test_numbers_survive_exactly(tmp_path: Path) -> None:
    numbers = [0.1 + 0.2, 1e-308, 2**53 + 1, -0.0]
    with Journal(tmp_path / "j") as journal:
        journal.append({"event": "e", "numbers": numbers})
    assert json.dumps(read_journal(tmp_path / "j")[0]["numbers"]) == json.dumps(numbers)


def test_a_missing_journal_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot read the journal"):
        read_journal(tmp_path / "none")
