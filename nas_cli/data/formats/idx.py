"""The IDX format of MNIST and Fashion-MNIST: big-endian header, then unsigned bytes.

Format: "THE IDX FILE FORMAT" on the page of MNIST (LeCun, Cortes, Burges).
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import DataError

LIMIT_BYTES = 1 << 30


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array in an IDX file (gzip-compressed or not) of unsigned bytes with that many dimensions.

    Raises:
        DataError: the file is truncated, damaged, of another form, or expands to more than 1 GiB.
    """
    data = _content(path)
    header = 4 + 4 * dimensions
    if len(data) < header or data[:4] != bytes((0, 0, 8, dimensions)):
        raise DataError(f"{path} is not an IDX file of {dimensions}-dimensional unsigned bytes: fetch it again.")
    shape = struct.unpack(f">{dimensions}I", data[4:header])
    size = 1
    for length in shape:
        size *= length
    if len(data) - header != size:
        raise DataError(f"{path} is damaged: it declares {size} bytes and holds {len(data) - header}: fetch it again.")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def idx_length(path: Path) -> int:
    """The number of entries that the header declares, without reading the rest."""
    data = _content(path, 8)
    if len(data) < 8 or data[:3] != b"\0\0\x08":
        raise DataError(f"{path} is not an IDX file of unsigned bytes: fetch it again.")
    return int.from_bytes(data[4:8], "big")


def _content(path: Path, limit: int = LIMIT_BYTES) -> bytes:
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not compressed:
                return _limited(path, file.read(limit + 1), limit)
            with gzip.GzipFile(fileobj=file) as expanded:
                return _limited(path, expanded.read(limit + 1), limit)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is truncated or damaged ({error}): fetch it again.") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}.") from error


def _limited(path: Path, data: bytes, limit: int) -> bytes:
    if limit < LIMIT_BYTES:
        return data[:limit]
    if len(data) > limit:
        raise DataError(f"{path} expands to more than {limit} bytes: it is not a published file.")
    return data
