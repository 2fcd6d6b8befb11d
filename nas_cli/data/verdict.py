"""What a digest and a count say about a published file, and about the set that the files make."""

from collections.abc import Iterable
from typing import Literal

from nas_cli.errors import DataError

Verdict = Literal["verified", "unverified subset"]


def judge(name: str, *, same_digest: bool, count: int, published: int) -> Verdict:
    """'verified', or 'unverified subset' for a well-formed file with fewer examples than published.

    Raises:
        DataError: as many examples as published (or more), but not the published ones: the file was altered.
    """
    if same_digest:
        return "verified"
    if count < published:
        return "unverified subset"
    raise DataError(
        f"{name} has {count} examples but not the published checksum: it was altered or damaged, fetch it again."
    )


def overall(statuses: Iterable[Verdict], *, complete: bool = True) -> Verdict:
    """The status of a set from its files': verified only if it is complete and all of them are."""
    return "verified" if complete and all(status == "verified" for status in statuses) else "unverified subset"
