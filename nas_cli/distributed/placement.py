"""Which tensors travel together, and which parameter server holds them."""

from collections.abc import Sequence
from dataclasses import dataclass

BUCKET_BYTES = 2**20
"""Tensors far below this cost more for being messages than for their length; where much more goes as one message, its
first tensors wait for its last, and less of it overlaps with the forward or the backward pass."""


@dataclass(frozen=True)
class Bucket:
    """The numbers of tensors that lie behind one another on `server`, and are sent as one message."""

    server: int
    members: tuple[int, ...]


def dealt(sizes: Sequence[int], servers: int, most: int = BUCKET_BYTES) -> list[Bucket]:
    """The buckets of tensors of `sizes` bytes: whole tensors go to the servers in turn, and on each server those that
    follow one another share a bucket of at most `most` bytes; a larger tensor has one to itself."""
    buckets = []
    for server in range(servers):
        members: list[int] = []
        filled = 0
        for number in range(server, len(sizes), servers):
            if members and filled + sizes[number] > most:
                buckets.append(Bucket(server, tuple(members)))
                members, filled = [], 0
            members.append(number)
            filled += sizes[number]
        if members:
            buckets.append(Bucket(server, tuple(members)))
    return buckets


def server_bytes(sizes: Sequence[int], servers: int) -> list[int]:
    """Bytes on each server of tensors that are dealt out like this."""
    return [sum(sizes[server::servers]) for server in range(servers)]
