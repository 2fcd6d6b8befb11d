"""The architecture of a compressed network."""

from nas_cli.costs.narrowed import narrowed
from nas_cli.errors import ConfigError
from nas_cli.morph.compression import Compression
from nas_cli.spaces.architecture import Architecture


def compressed(architecture: Architecture, compression: Compression) -> Architecture:
    """The layer graph with the widths that the compression of its built model gave; see `narrowed`.

    Raises:
        ConfigError: the compression is of another network, or cuts this one.
    """
    try:
        return narrowed(architecture, compression.widths)
    except ConfigError as error:
        raise ConfigError(f"{error} With morph.min_channels=1 every layer keeps one.") from error
