"""The networks between the phases of a run: in files, so that a resumed run begins each phase as the first did."""

from pathlib import Path
from typing import Any, final

import keras

from nas_cli.distributed.ring import Ring, agreed
from nas_cli.models import adapted
from nas_cli.models.load import load_model
from nas_cli.training.full_training import save


@final
class ModelFiles:
    """Networks by the name of the phase that made them.

    A phase never goes on with the object of the phase before: read from its file under the phase's seed, a network is
    the same in an uninterrupted and in a resumed run, the state of its dropout generators included. With several
    processes only the first has the files, and the others get structure and weights from it.
    """

    def __init__(self, folder: Path, ring: Ring) -> None:
        self._folder, self._ring = folder, ring

    def file(self, name: str) -> Path:
        """Where a network lies."""
        return self._folder / f"{name}.keras"

    def put(self, name: str, model: Any) -> None:
        """Keeps a network; the file is whole or not there."""
        if self._ring.rank == 0:
            save(model, self.file(name))

    def read(self, name: str, seed: int, fresh: bool = False) -> Any:
        """The network in the first process's file, not compiled; with `fresh` its weights are drawn from `seed`."""
        keras.utils.set_random_seed(seed)
        model = load_model(self.file(name))
        if not fresh:
            return model
        keras.utils.set_random_seed(seed)
        return adapted.fresh(model)

    def get(self, name: str, seed: int, fresh: bool = False) -> Any:
        """The same in every process, all of which must call this."""
        model = self.read(name, seed, fresh) if self._ring.rank == 0 else None
        return model if self._ring.size == 1 else _shared(model, self._ring, seed)


def _shared(model: Any, ring: Ring, seed: int) -> Any:
    """The first process's network in every process."""
    structure = agreed(ring, None if model is None else model.to_json())
    if model is None:
        keras.utils.set_random_seed(seed)
        model = keras.models.model_from_json(structure)
    ring.broadcast(model.variables)
    adapted.settle_all(model)
    return model
