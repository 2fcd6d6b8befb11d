"""What the runs of one given network have in common, whatever is done to it: from the first line to the report."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

Summary = Mapping[str, Any]


def carry_out(
    command: str,
    run: Any,
    progress: AbstractContextManager[Any],
    predicted: Callable[[], Sequence[str]],
    work: Callable[[Any, float], Summary],
    say: Callable[[Summary, Any, Any], None],
) -> Summary:
    """The summary of `run`, begun or continued by `nas <command>`.

    `predicted`: lines that come first; making them also finds out, before TensorFlow is loaded, whether there is such a
    network. `work`: what is done, given the progress to tell and when the process began to work for the run (unix
    seconds). `say`: tells what a completed run came to, given its summary, the run and the progress.
    """
    launched = time.time()
    from nas_cli.reports import build
    from nas_cli.runs.interruption import Interrupted

    with run.lock(), progress as shown:
        for line in predicted():
            shown.note(line)
        shown.note(f"run folder {run.path}")
        summary: Summary = {"status": "interrupted"}
        try:
            summary = work(shown, launched)
        except Interrupted as stop:
            shown.note(str(stop))
        except KeyboardInterrupt:
            shown.note(f"interrupted before anything was done: start with  nas {command} --resume {run.path}")
        if run.events():
            build(run.path)
        if summary["status"] == "completed":
            say(summary, run, shown)
    return summary


def begun(run: Any) -> bool:
    """True if the journal has its first event."""
    return any(event["event"] == "start" for event in run.events())


def ended(run: Any) -> bool:
    """True if there is nothing left to do."""
    return any(event["event"] == "end" for event in run.events())
