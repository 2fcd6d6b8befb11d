"""The progress display prints what it is given, whatever characters that has."""

import pytest

from nas_cli.commands.progress import SearchProgress, download_lines


def test_brackets_are_text_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    event = {"id": 0, "status": "failed", "fitness": None, "reason": "InternalError at [/job:localhost] [a]"}
    with SearchProgress(1) as progress:
        progress.note("run folder /tmp/[a]/x")
        progress.on_trial(event, replayed=False)
    said = capsys.readouterr().err
    assert "/tmp/[a]/x" in said
    assert "InternalError at [/job:localhost] [a]" in said


def test_a_download_is_noted_at_every_tenth() -> None:
    lines: list[str] = []
    show = download_lines(lines.append)
    for done in range(0, 20_000_001, 500_000):
        show("a.tar.gz", done, 20_000_000)
    assert len(lines) == 11
    assert lines[-1] == "downloading a.tar.gz: 20 of 20 MB"
