"""Where a comparison goes that is not told where to go."""

from collections.abc import Sequence
from pathlib import Path

COMPARISON = "comparison.html"


def default_comparison(runs: Sequence[Path]) -> Path:
    """The folder beside the first of the runs."""
    return runs[0].parent / "comparison"
