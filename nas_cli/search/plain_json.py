"""Values of any numeric library as JSON values."""

import math
from collections.abc import Mapping
from typing import Any


def plain_json(value: Any) -> Any:
    """`value` with NumPy scalars as numbers, tuples as lists, keys as text, and NaN or infinity as None.

    JSON has no NaN: a reader of the journal sees null where a number was not finite.
    """
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return plain_json(value.tolist())
    return str(value)
