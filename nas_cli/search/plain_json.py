"""Values of any numeric library as JSON values."""

import math
from collections.abc import Mapping
from typing import Any


def plain_json(value: Any) -> Any:
    """`value` with NumPy scalars as numbers, tuples as lists, keys as text, and NaN or infinity as None.

    JSON has no NaN: a reader of the journal sees null where a number was not finite.
    """
    kind = type(value)
    # Nearly all values are of these types, and the exact comparison is many times as fast as isinstance.
    if value is None or kind is str or kind is int or kind is bool:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is dict or isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return plain_json(value.tolist())
    return str(value)
