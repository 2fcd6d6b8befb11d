"""What the journal says of the supernets that a search has trained."""

from collections.abc import Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]
ENDED = ("derived", "inherited")


def structure_summary(events: Sequence[Event]) -> dict[str, Any] | None:
    """None for a search without supernets, else

    {supernet: sizes, step_bytes; searches: [{search, genotype (of differentiable searches), epochs, stopped, seconds,
    skips (by kind of cell, in the last epoch; None where networks are scored one by one)}]; random: how many random
    networks are trained beside those found; epoch_ratio: time of a supernet's epoch over that of an ordinary network
    with as many multiply-accumulates}.
    """
    start: Event = next((event for event in events if event["event"] == "start"), {})
    if "supernet" not in start:
        return None
    last = {event["search"]: event for event in events if event["event"] == "structure"}
    trials = [event for event in events if event["event"] == "trial"]
    compared = next((event for event in events if event["event"] == "supernet_cost"), {})
    return {
        "supernet": {key: value for key, value in start["supernet"].items() if key not in ("edges", "operations")},
        "searches": [_search(event, last.get(event["search"], {})) for event in events if event["event"] in ENDED],
        "random": sum(event["origin"].get("kind") == "random" for event in trials),
        "epoch_ratio": compared.get("ratio"),
    }


def _search(event: Event, epoch: Event) -> dict[str, Any]:
    return {
        "search": event["search"],
        "genotype": event.get("genotype"),
        "epochs": event["epochs"],
        "stopped": event["stopped"],
        "seconds": event["seconds"],
        "skips": epoch.get("signs", {}).get("skips"),
    }
