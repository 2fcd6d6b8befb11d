"""The width multiplier: how many filters a layer has in a network made narrower or wider."""

from nas_cli.errors import ConfigError


def scaled(filters: int, width: float) -> int:
    """filters · width, rounded to the nearest whole number (a half upwards), at least 1.

    Howard et al. 2017, arXiv:1704.04861, section 3.3, for the filters of every hidden layer.

    Raises:
        ConfigError: if the width is not above 0.
    """
    if not width > 0:
        raise ConfigError(f"width must be above 0, got {width!r}.")
    return max(1, int(filters * width + 0.5))
