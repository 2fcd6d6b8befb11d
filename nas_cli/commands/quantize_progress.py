"""Live progress of a quantization: a line per epoch and per method, on stderr."""

from collections.abc import Mapping
from typing import Any

from nas_cli.commands.progress import TrainingProgress
from nas_cli.reports.numbers import size

MEASURES = ("accuracy", "rmse")


class QuantizeProgress(TrainingProgress):
    """Shows the network as it came, the epochs of methods that train, and each method's file; a context manager."""

    def __init__(self) -> None:
        super().__init__(0)

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Print a line for an event that a reader waits for."""
        kind = event["event"]
        if kind == "epoch":
            seconds = f", {event['seconds']:.1f} s" if "seconds" in event else ""
            self.note(f"{event['name']} epoch {event['epoch']:.0f}/{event['epochs']} {_values(event)}{seconds}")
        elif kind == "given":
            self.note(f"as it came: {_values(event['valid'])}, {_sizes(event)}")
        elif kind == "method":
            alike = f", {event['agreement']:.1%} predicted alike" if "agreement" in event else ""
            self.note(f"{event['name']}: {_values(event['valid'])}, {_sizes(event)}{alike}{_which(event)}")


def _sizes(event: Mapping[str, Any]) -> str:
    return f"{size(event['file_bytes'])}, compressed {size(event['gzip_bytes'])}"


def _which(event: Mapping[str, Any]) -> str:
    layers = event["layers"]
    return f"; only {', '.join(layers[:4])}{', …' if len(layers) > 4 else ''} quantized" if layers else ""


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.4f}"
        for name, value in values.items()
        if name.startswith("valid_") and name.endswith(MEASURES)
    )
