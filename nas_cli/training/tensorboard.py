"""Learning curves for TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final


@final
class TensorBoardLog:
    """Writes one scalar per metric and epoch to a folder; does nothing without one."""

    def __init__(self, folder: Path | None) -> None:
        self._writer: Any = None
        if folder is not None:
            import tensorflow as tf

            self._writer = tf.summary.create_file_writer(str(folder))

    def write(self, epoch: Mapping[str, float]) -> None:
        """Adds an epoch of a learning curve."""
        if self._writer is None:
            return
        import tensorflow as tf

        with self._writer.as_default(step=int(epoch["epoch"])):
            for name, value in epoch.items():
                if name != "epoch":
                    tf.summary.scalar(name, value)

    def close(self) -> None:
        """Flushes what is written."""
        if self._writer is not None:
            self._writer.close()
