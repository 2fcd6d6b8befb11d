"""Growing a network without changing its answers (Net2Net): wider channel groups, more layers, skip connections."""

from nas_cli.surgery.deepen import deepen
from nas_cli.surgery.skip import skip
from nas_cli.surgery.widen import widen

__all__ = ["deepen", "skip", "widen"]
