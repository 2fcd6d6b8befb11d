"""NumPy's .npz archives."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import DataError


def read_npz(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The named arrays; pickled objects are refused.

    Raises:
        DataError: missing, truncated, damaged, or without one of the arrays.
    """
    try:
        # NumPy leaves a file open that it opened itself and cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in names}
    except Exception as error:  # the decompressors' errors have no common root
        raise DataError(f"{path} is missing, truncated or damaged ({error}): fetch it again.") from error
