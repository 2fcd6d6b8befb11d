"""Known networks by name: the project's own, and everything in `keras.applications`."""

from nas_cli.models.zoo.catalogue import architecture, build, names

__all__ = ["architecture", "build", "names"]
