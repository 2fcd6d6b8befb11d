"""A session of a run inside its journal: begins or goes on, and says why it ended early."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nas_cli.errors import ConfigError, RunError
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.interruption import Interrupted, stoppable, unstoppable
from nas_cli.runs.journal import Journal

Summarise = Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]]


def completed(
    run: RunFolder,
    command: str,
    main: bool,
    events: Sequence[Mapping[str, Any]],
    work: Callable[[Journal | None], None],
    summarise: Summarise,
) -> dict[str, Any]:
    """The summary of the run after its `work`, which is left out where the journal's `events` have an end.

    Then the summary is written, and what only a running one needs is removed. A process that is not the `main` one gets
    an empty summary. Raises what `in_journal` does.
    """
    if not any(event["event"] == "end" for event in events):
        in_journal(run, command, main, work, summarise)
    if not main:
        return {}
    summary = dict(summarise(run.events()))
    run.write_json("summary.json", summary)
    run.remove(run.data)
    run.remove(run.path / "checkpoints")
    return summary


def in_journal(
    run: RunFolder, command: str, main: bool, work: Callable[[Journal | None], None], summarise: Summarise
) -> None:
    """Does the `work` with the run's journal; a stop, and a failure of a run that has begun, are written down.

    `main`: this process is the one of its job that writes; the others get no journal. The caller holds the lock.
    After a stop or a failure summary.json says so.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; says how the run of `nas <command>` is continued.
        KeyboardInterrupt: the same before the first event.
        ConfigError, RunError: as `work`.
    """
    with stoppable():
        if not main:
            work(None)
            return
        with run.journal() as journal:
            _do(run, command, journal, work, summarise)


def _do(
    run: RunFolder, command: str, journal: Journal, work: Callable[[Journal | None], None], summarise: Summarise
) -> None:
    try:
        work(journal)
    except KeyboardInterrupt as error:
        if not run.events():
            raise
        with unstoppable():
            _stop(run, journal, "interrupted", "interrupted", summarise)
        raise Interrupted(f"interrupted: continue with  nas {command} --resume {run.path}") from error
    except (ConfigError, RunError) as error:
        if run.events():
            # The launcher ends all processes of a job once one has ended.
            with unstoppable():
                _stop(run, journal, "failed", str(error), summarise)
        raise


def _stop(run: RunFolder, journal: Journal, status: str, reason: str, summarise: Summarise) -> None:
    journal.append({"event": "stop", "status": status, "reason": reason})
    run.write_json("summary.json", summarise(run.events()))
