"""What a network costs before and after: totals, layer by layer, on disk, and measured in time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas_cli.costs.cost import Cost
from nas_cli.costs.latency import measure
from nas_cli.costs.layer_table import layer_table

BATCHES = (1, 32)
MEASURING_SECONDS = 2.0
"""For one network and one size of batch, as far as the least and the most repeats allow."""
LEAST_REPEATS, MOST_REPEATS = 3, 200


def cost_block(cost: Cost) -> dict[str, int]:
    """flops, macs, params and activation_bytes as JSON values."""
    return {
        "flops": cost.flops,
        "macs": cost.macs,
        "params": cost.params,
        "activation_bytes": cost.activation_bytes,
    }


def layer_rows(model: Any) -> list[dict[str, Any]]:
    """The calls of layers that have weights or multiply, in order.

    Each is {name, kind, output_shape, macs, params, channels}.
    """
    return [
        {
            "name": row.path,
            "kind": row.kind,
            "output_shape": list(row.output_shape),
            "macs": row.macs,
            "params": row.params,
            "channels": row.channels,
        }
        for row in layer_table(model)
        if row.macs or row.params
    ]


def measured_ms(before: Any, after: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Median milliseconds per image of both models, which take turns: {"batch_1", "batch_32", "threads"} of each."""
    found: tuple[dict[str, float], dict[str, float]] = {}, {}
    for batch in BATCHES:
        slow = batch * measure([before], batch, 1)[0].median_ms / 1000
        repeats = max(LEAST_REPEATS, min(MOST_REPEATS, round(MEASURING_SECONDS / slow)))
        for numbers, latency in zip(found, measure([before, after], batch, repeats), strict=True):
            numbers |= {f"batch_{batch}": latency.median_ms, "threads": latency.threads}
    return found


def side(
    cost: Mapping[str, int], file: Path, ms: Mapping[str, float], metrics: Mapping[str, float], weights: str | None
) -> dict[str, Any]:
    """One side of the comparison: costs, file_bytes, ms_per_image, the metrics known, and whose weights they are of.

    `metrics`: valid_… and test_… values. `weights`: what the network had been through when they were measured:
    'given', 'train', 'baseline', 'shrink', 'retrain'; None if it was never trained.
    """
    return {**cost, "file_bytes": file.stat().st_size, "ms_per_image": dict(ms), **metrics, "weights": weights}
