import errno
import json
import os
import subprocess
from pathlib import Path

import pytest

from nas_cli.errors import RunError
from nas_cli.runs.journal import Journal, read_journal


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


def test_numbers_survive_exactly(tmp_path: Path) -> None:
    numbers = [0.1 + 0.2, 1e-308, 2**53 + 1, -0.0]
    with Journal(tmp_path / "j") as journal:
        journal.append({"event": "e", "numbers": numbers})
    assert json.dumps(read_journal(tmp_path / "j")[0]["numbers"]) == json.dumps(numbers)


def test_a_missing_journal_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot read the journal"):
        read_journal(tmp_path / "none")
