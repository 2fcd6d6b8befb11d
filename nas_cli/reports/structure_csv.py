"""structure.csv: one row per search and epoch."""

from typing import Any

import pandas as pd

from nas_cli.reports.structure import Structure, sign_value
from nas_cli.reports.trials import cell_text

WHOLE = ("search", "epoch", "flops", "params")
LAST = ("expected_flops", "flops", "params", "seconds")


def structure_csv(run: Structure) -> bytes:
    """The content of structure.csv: UTF-8, a comma between cells, an empty cell where the journal has no value.

    Columns: losses and measures of the half that trains the weights (train) and of that which trains the structure
    (valid), temperature, for each kind of cell the skip connections of the derived one (skips) and the mean entropy of
    its edges (entropy), expected FLOPs of the relaxed network, FLOPs and parameters of the derived one, seconds.
    """
    measured = [f"{part}_{name}" for name in ("loss", run.measure.name) for part in ("train", "valid")]
    signs = [f"{sign}_{kind}" for sign in ("skips", "entropy") for kind in run.kinds]
    columns = ["search", "epoch", *measured, "temperature", *signs, *LAST]
    rows: list[list[str]] = []
    for search in run.searches:
        for epoch in search.epochs:
            own = {
                f"{sign}_{kind}": sign_value(epoch, sign, kind) for sign in ("skips", "entropy") for kind in run.kinds
            }
            found: dict[str, Any] = {**epoch, **own, "search": search.number}
            rows.append([cell_text(found.get(name), name in WHOLE or name.startswith("skips_")) for name in columns])
    return pd.DataFrame(rows, columns=columns, dtype=str).to_csv(index=False, lineterminator="\n").encode("utf-8")
