"""Published tables of scores: which space they belong to, and where their files lie."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_cli.data.sources import data_dir
from nas_cli.errors import ConfigError, DataError
from nas_cli.spaces.table_file import Table, open_table

DESCRIPTIONS = Path(__file__).parent / "tables"


@dataclass(frozen=True)
class Published:
    """The `description` of a table, in this package, and its `file` in the folder of data sets."""

    description: str
    file: str
    title: str


PUBLISHED = {
    "nasbench201": Published("nasbench201.yaml", "nas-bench-201/nasbench201.csv.gz", "NAS-Bench-201 (Dong & Yang 2020)")
}
"""By the name of the space."""


def table_of(space: Any) -> Table:
    """The table of a space: its own, or the published one.

    Raises:
        ConfigError, DataError: see `published_table`.
    """
    own = getattr(space, "table", None)
    return own if isinstance(own, Table) else published_table(str(space.settings.name))


def published_table(space: str) -> Table:
    """The published table of a space's networks.

    Raises:
        ConfigError: if there is none for this space.
        DataError: if its file is not in the folder of data sets.
    """
    if space not in PUBLISHED:
        known = ", ".join(sorted(PUBLISHED))
        raise ConfigError(
            f"estimator=table has no scores for the networks of space '{space}': choose --space table with "
            f"space.description=FILE.yaml, or a space with a published table ({known})."
        )
    table = PUBLISHED[space]
    file = data_dir() / table.file
    if not file.exists():
        raise DataError(
            f"the table of {table.title} was not found: put it at {file}, or set NAS_DATA_DIR to the folder that has "
            f"{table.file}."
        )
    return open_table(DESCRIPTIONS / table.description, str(file))
