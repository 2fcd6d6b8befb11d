"""What compression gave a search, and what the thesis' model says that it should give."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from nas_cli.costs.speedup import predicted_speedup
from nas_cli.search.trials import compression, trained_network

Event = Mapping[str, Any]


def compression_summary(trials: Sequence[Event]) -> dict[str, Any] | None:
    """The block search.compression of the summary; None where no network was compressed.

    compressed, skipped: numbers of trials; cached ones count for neither. mean_ratio: mean over them of the FLOPs
        before over those after. ratio: all FLOPs before over all after, which is the thesis' a^k for networks of
        unequal size. mean_seconds: of one compression, its compilation included. dead_groups: how many channel groups
        had no channel alive.
    epochs, compression_epochs, saved_epochs: n without those that the compression replaced, k, and those.
    train_seconds_per_flop and evaluation_seconds_per_flop: c and d, measured on the trained networks; d is of all
        evaluations of a trial, as ours follow every epoch.
    speedup_predicted: the thesis' S = (cn + d) / (ck + (cn + d)/a^k) with these, against a search of the same networks
        without compression; where s epochs were saved, (cn + d) / (ck + (c(n - s) + d)/a^k). null where nothing was
        trained afterwards.
    """
    fresh = [event for event in trials if event["fitness"] is not None and "cached_from" not in event]
    pairs = [(event, block) for event in fresh if (block := compression(event)) is not None]
    if not pairs:
        return None
    blocks = [block for _, block in pairs]
    after = sum(block["flops_after"] for block in blocks)
    ratio = sum(block["flops_before"] for block in blocks) / after if after else None
    known: dict[str, Any] = {
        "compressed": len(pairs),
        "skipped": sum("compression" in event.get("extra", {}) for event in fresh) - len(pairs),
        "mean_ratio": fmean(block["ratio"] for block in blocks),
        "ratio": ratio,
        "mean_seconds": fmean(block["seconds"] for block in blocks),
        "dead_groups": sum(len(block["dead"]) for block in blocks),
        "compression_epochs": fmean(block["epochs"] for block in blocks),
        "saved_epochs": fmean(block.get("saved_epochs", 0.0) for block in blocks),
    }
    return known | _model([event for event, _ in pairs], known)


def _model(events: Sequence[Event], known: Mapping[str, Any]) -> dict[str, Any]:
    """n, c, d and S of the thesis' model."""
    work = [(event["metrics"], trained_network(event)[1].get("flops") or 0) for event in events]
    flops = sum(cost for _, cost in work)
    flop_epochs = sum(cost * metrics.get("epochs", 0.0) for metrics, cost in work)
    training, evaluation = (
        sum(metrics.get(f"{what}_seconds", 0.0) for metrics, _ in work) for what in ("train", "evaluation")
    )
    epochs, k = fmean(metrics.get("epochs", 0.0) for metrics, _ in work), known["compression_epochs"]
    if not flop_epochs or not training or not known["ratio"] or k <= 0:
        return {"epochs": epochs} | dict.fromkeys(
            ("train_seconds_per_flop", "evaluation_seconds_per_flop", "speedup_predicted")
        )
    c, d = training / flop_epochs, evaluation / flops
    speedup = predicted_speedup(epochs, k, known["ratio"] ** (1 / k), d / c)
    saved = 1 + known["saved_epochs"] / (epochs + d / c)
    return {
        "epochs": epochs,
        "train_seconds_per_flop": c,
        "evaluation_seconds_per_flop": d,
        "speedup_predicted": speedup * saved,
    }
