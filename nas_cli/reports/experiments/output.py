"""The files of an experiment: tables, page, figures, and what they took."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nas_cli.reports.experiments.made import MADE, Made, merged
from nas_cli.reports.plots.style import Plot, save
from nas_cli.runs.files import refusal, write_atomic


def write_results(out: Path, texts: Mapping[str, str], plots: Sequence[Plot], made: Sequence[Made]) -> list[Path]:
    """The files written: texts by name, each figure as PNG and SVG, and made.csv, which keeps the rows of other parts.

    Raises:
        RunError: if `out` cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(error, out) from error
    everything = {**texts, MADE: merged(out, made).to_csv(index=False)}
    for name, text in everything.items():
        write_atomic(out / name, text.encode("utf-8"))
    return [*(out / name for name in everything), *(file for plot in plots for file in save(plot, out))]
