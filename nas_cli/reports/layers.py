"""layers.csv: one row per layer of a shrunk network."""

import pandas as pd

from nas_cli.reports.shrinking import LayerChange, Shrinking

NUMBERS = ("channels", "macs", "params")
COLUMNS = ("name", "kind", *(f"{key}_{side}" for key in NUMBERS for side in ("before", "after")), "output_after")


def layers_csv(run: Shrinking) -> bytes:
    """The layers with weights or multiplications, before and after (the same as before until a phase has ended).

    A layer that was removed has zeros and an empty output shape.
    """
    rows = [_row(row) for row in run.all_layers]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=str).to_csv(index=False, lineterminator="\n").encode()


def _row(row: LayerChange) -> list[str]:
    numbers = [str(row.number(side, key)) for key in NUMBERS for side in ("before", "after")]
    shape = "x".join(str(length) for length in row.after.get("output_shape") or ())
    return [row.name, str(row.before.get("kind", "")), *numbers, shape]
