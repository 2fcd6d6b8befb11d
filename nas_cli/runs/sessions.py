"""The sessions of a run: it may be stopped and resumed, and the pauses between count for nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

Session = Sequence[Mapping[str, Any]]


def sessions(events: Session) -> list[Session]:
    """The events of each session, which a start or resume event begins."""
    found: list[list[Mapping[str, Any]]] = []
    for event in events:
        if event["event"] in ("start", "resume") or not found:
            found.append([])
        found[-1].append(event)
    return list(found)


def span(session: Session) -> tuple[float, float]:
    """Unix seconds from the launch of the session's process to its last event."""
    begin = float(session[0].get("launched", session[0]["time"]))
    return begin, max(begin, float(session[-1]["time"]))


def wall_seconds(events: Session) -> float:
    """The wall time of a run over all its sessions, without the pauses between them."""
    return sum(end - begin for begin, end in map(span, sessions(events)))
