"""Live progress of a pruning run: plain lines on stderr."""

from collections.abc import Mapping
from typing import Any

from nas_cli.commands.progress import TrainingProgress, shown_values


class PruneProgress(TrainingProgress):
    """Shows the epochs of every phase, what each removal came to, and the sensitivity of each layer."""

    def __init__(self) -> None:
        super().__init__(0)

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Print a line per epoch, removal and scanned layer, and one for each warning."""
        if event["event"] == "epoch":
            self.note(_epoch_line(event))
        elif event["event"] == "pruned":
            for text in (_pruned_line(event), *(f"warning: {text}" for text in event.get("warnings", ()))):
                self.note(text)
        elif event["event"] == "sensitivity":
            self.note(_sensitivity_line(event))
        elif event.get("phase") == "given":
            self.note(f"as it came: {shown_values(event['valid'])}")


def _epoch_line(event: Mapping[str, Any]) -> str:
    parts = [f"{event['name']} {event['epoch']:.0f}/{event['epochs']:.0f} {shown_values(event)}"]
    if event.get("sparsity"):
        parts.append(f"{event['sparsity']:.1%} removed")
    return ", ".join([*parts, f"{event['seconds']:.1f} s"])


def _pruned_line(event: Mapping[str, Any]) -> str:
    what = "channels" if "groups" in event else "weights"
    return (
        f"{event['name']}: {event['left']:,} of {event['total']:,} {what} left ({event['sparsity']:.1%} removed), "
        f"{event['cost']['flops'] / 1e6:.1f} MFLOPs, {event['cost']['params']:,} parameters; "
        f"{shown_values(event['valid'])}"
    )


def _sensitivity_line(event: Mapping[str, Any]) -> str:
    measure = next(name for name in event["points"][0][1] if name.endswith(("accuracy", "rmse")))
    shown = ", ".join(f"{share:.0%} {values[measure]:.4f}" for share, values in event["points"])
    return f"{event['layer']}: {measure.replace('_', ' ')} at {shown} removed"
