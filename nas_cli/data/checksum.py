"""Digests of files and bytes, and what a digest says about a published file."""

import hashlib
from pathlib import Path

_ALGORITHMS = {32: "md5", 64: "sha256"}


def digest_bytes(data: bytes | memoryview, like: str) -> str:
    """The hexadecimal digest of `data` by the algorithm that `like` is written in (MD5 or SHA-256, by length)."""
    return hashlib.new(_ALGORITHMS[len(like)], data, usedforsecurity=len(like) == 64).hexdigest()


def digest_file(path: Path, like: str) -> str:
    """The hexadecimal digest of a file, read in pieces; algorithm as in `digest_bytes`."""
    algorithm = hashlib.new(_ALGORITHMS[len(like)], usedforsecurity=len(like) == 64)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            algorithm.update(piece)
    return algorithm.hexdigest()
