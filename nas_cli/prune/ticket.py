"""The winning ticket of a lottery: which weights stayed, and what they were when they were drawn."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError, DataError
from nas_cli.models.adapted import settle_all
from nas_cli.prune.masks import Masks
from nas_cli.runs.files import write_atomic

FILE = "ticket.npz"


@dataclass(frozen=True, eq=False)
class Ticket:
    """`weights`: all values of the network to train again, in Keras' order, zero where the mask is. `masks`: by the
    path of a weight, True where it stays; none if whole units went and the network itself is smaller."""

    weights: Sequence[NDArray[Any]]
    masks: Masks


def save_ticket(file: Path, model: Any, masks: Masks | None) -> None:
    """Writes the ticket of a network that holds the weights to begin with, whole or not at all."""
    arrays = {f"weight/{position}": values for position, values in enumerate(model.get_weights())}
    arrays |= {f"mask/{path}": mask for path, mask in (masks or {}).items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, buffer.getvalue())


def load_ticket(path: Path) -> Ticket:
    """The ticket in a file, or in best/ of a run folder.

    Raises:
        DataError: if there is none, or the file is damaged.
    """
    file = path / "best" / FILE if path.is_dir() else path
    try:
        with np.load(file, allow_pickle=False) as stored:
            count = sum(name.startswith("weight/") for name in stored.files)
            masks = {name.removeprefix("mask/"): stored[name] for name in stored.files if name.startswith("mask/")}
            return Ticket([stored[f"weight/{position}"] for position in range(count)], masks)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{file} holds no lottery ticket ({error}): a run with prune.rewind writes one.") from error


def redeem(ticket: Ticket, model: Any) -> None:
    """Gives a network of the same form, best/model.keras of the run for one, the ticket's weights.

    Raises:
        ConfigError: if it has other weights.
    """
    wanted, given = [w.shape for w in ticket.weights], [tuple(w.shape) for w in model.weights]
    if wanted != given:
        raise ConfigError(f"the ticket is of a network with {len(wanted)} weights of other shapes than this model's.")
    model.set_weights(list(ticket.weights))
    settle_all(model)
