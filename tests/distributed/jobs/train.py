"""What each process of the ring's test runs: some trainings, whose weights and curves it writes to a folder."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nas_cli.distributed.ring import Ring, agreed, join
from nas_cli.training.result import FitResult
from tests.training.examples import ADAM, PLAIN, STANDARD, convolutional, images, linear, training, weights

MOMENTUM = replace(ADAM, name="momentum", momentum=0.9, learning_rate=1e-4, clip_norm=100.0)


def plain(ring: Ring | None, batch_size: int, examples: int) -> tuple[Any, FitResult]:
    """A network without batch normalisation and dropout."""
    from nas_cli.training.fit import fit

    data = images(train=examples)
    model = linear(data, seed=ring.rank if ring else 0)
    settings = training(epochs=3, batch_size=batch_size, optimizer=MOMENTUM)
    return model, fit(model, data, settings, STANDARD, seed=5, ring=ring)


def whole(ring: Ring, folder: Path | None = None, epochs: int = 4, **options: Any) -> tuple[Any, FitResult]:
    """A network with everything that has state."""
    from nas_cli.training.fit import fit

    data = images()
    model = convolutional(data, seed=ring.rank)
    seconds = options.pop("max_seconds", None)
    settings = training(epochs=epochs, batch_size=8, restore_best=True, max_seconds=seconds)
    return model, fit(model, data, settings, PLAIN, seed=2, ring=ring, checkpoints=folder, **options)


def paused(epoch: Mapping[str, float]) -> str | None:
    """Ends a training after its second epoch."""
    return "paused" if epoch["epoch"] == 2 else None


def interrupted(ring: Ring) -> bool:
    """True if Ctrl-C at rank 0 has ended a training without end in this process."""

    def interrupt(epoch: Mapping[str, float]) -> None:
        if epoch["epoch"] == 3:
            threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()

    try:
        whole(ring, epochs=100_000, progress=interrupt)
    except KeyboardInterrupt:
        return True
    return False


def main(out: Path) -> None:
    """All trainings of the test."""
    from nas_cli.training.session import configure

    configure(1, deterministic=True)
    ring = join()
    mine = out / str(ring.rank)
    mine.mkdir(parents=True)
    curves: dict[str, Any] = {}
    stopped: dict[str, str] = {}

    def run(name: str, train: Callable[[], tuple[Any, FitResult]]) -> None:
        model, result = train()
        np.savez(mine / f"{name}.npz", *weights(model))
        curves[name], stopped[name] = result.curve, result.stopped

    run("plain70", lambda: plain(ring, 8, 70))
    run("plain33", lambda: plain(ring, 8, 33))
    run("plain1", lambda: plain(ring, 8, 1))
    run("whole", lambda: whole(ring))
    run("begun", lambda: whole(ring, out / "checkpoints", stop=paused))
    run("continued", lambda: whole(ring, out / "checkpoints"))
    run("hurried", lambda: whole(ring, epochs=100_000, max_seconds=1.0 + ring.rank))
    said = {
        "curves": curves,
        "stopped": stopped,
        "interrupted": interrupted(ring),
        "gathered": ring.gather({"rank": ring.rank}),
        "agreed": agreed(ring, f"I am {ring.rank}"),
    }
    (mine / "said.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
