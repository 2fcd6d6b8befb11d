"""The progress display prints what it is given, whatever characters that has."""

import pytest

from nas_cli.commands.progress import SearchProgress


def test_brackets_are_text_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    event = {"id": 0, "status": "failed", "fitness": None, "reason": "InternalError at [/job:localhost] [a]"}
    with SearchProgress(1) as progress:
        progress.note("run folder /tmp/[a]/x")
        progress.on_trial(event, replayed=False)
    said = capsys.readouterr().err
    assert "/tmp/[a]/x" in said
    assert "InternalError at [/job:localhost] [a]" in said
