"""Tables as Markdown."""

import pandas as pd


def markdown(table: pd.DataFrame) -> str:
    """The table with a header, one line per row; an empty cell where a value is missing."""
    head = "| " + " | ".join(map(str, table.columns)) + " |"
    rule = "|" + "---|" * len(table.columns)
    rows = ["| " + " | ".join(map(_text, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join([head, rule, *rows])


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
