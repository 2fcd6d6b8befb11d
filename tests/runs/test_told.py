from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas_cli.runs.folder import create_run
from nas_cli.runs.told import Told

Event = Mapping[str, Any]


def test_an_epoch_that_comes_again_after_a_kill_is_told_once(tmp_path: Path) -> None:
    run = create_run(tmp_path / "run", {"command": "prune"}, {})
    heard: list[Event] = []
    with run.lock(), run.journal() as journal:
        told = Told(journal, [{"event": "epoch", "name": "tune-1", "epoch": 1}], heard.append)
        listener = told.epochs({"phase": "tune", "name": "tune-1"})
        for epoch in (1, 2, 2):
            listener({"epoch": epoch})
        told.epochs({"phase": "tune", "name": "tune-2"})({"epoch": 1})
    assert [(event["name"], event["epoch"]) for event in run.events()] == [("tune-1", 2), ("tune-2", 1)]
    assert heard == run.events() == told.events[1:]


def test_a_process_without_the_journal_keeps_its_events_to_itself() -> None:
    heard: list[Event] = []
    told = Told(None, [], heard.append)
    told.say({"event": "pruned"})
    assert (told.events, heard, told.writes) == ([{"event": "pruned"}], [], False)
