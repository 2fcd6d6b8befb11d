"""What an epoch with teachers costs as a multiple of a plain one; `make bench` runs it.

Trainings of one network take turns, a few epochs each: alone, with the kept answers of one teacher and of three, and
with a teacher that is asked in every step. An epoch is counted in processor seconds of all threads, which other work
on the machine hardly changes; the ratio is the median over the turns. Asking the teachers once is printed beside.
"""

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from nas_cli.config import load_config
from nas_cli.data.prepare import prepare
from nas_cli.data.sources import data_dir
from nas_cli.distill.lesson import lesson
from nas_cli.distill.teachers import Ensemble, Teacher
from nas_cli.models.reference import open_model
from nas_cli.training import precision
from nas_cli.training.fit import fit

ARMS = ("plain", "one teacher", "three teachers", "in every step")


def main() -> None:
    """Prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="paper3_cnn")
    parser.add_argument("--teacher", default="paper3_cnn")
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3, help="of a turn; the first compiles and is not counted")
    given = parser.parse_args()
    config = load_config("distill", [f"model.name={given.model}", f"training.epochs={given.epochs}",
                                     f"dataset.train_size={given.images}"])  # fmt: skip
    precision.apply(config.training.precision)
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(config.dataset, data_dir(), Path(folder) / "data")
        teachers = [_teacher(given.teacher, config, data, number) for number in range(3)]
        seconds: dict[str, list[float]] = {arm: [] for arm in ARMS}
        for turn in range(given.turns):
            for arm in ARMS:
                seconds[arm].append(_epoch_seconds(arm, config, data, teachers, Path(folder) / arm, turn))
    for arm in ARMS[1:]:
        ratios = [one / plain for one, plain in zip(seconds[arm], seconds["plain"], strict=True)]
        low, high = min(ratios), max(ratios)
        print(f"{arm:>15}: {statistics.median(ratios):.3f} of a plain epoch ({low:.3f} to {high:.3f})")


def _teacher(name: str, config: Any, data: Any, number: int) -> Teacher:
    keras.utils.set_random_seed(number)
    model = open_model(replace(config.model, name=name), data.input_shape, data.classes, data.scale, data.offset)
    return Teacher(name, f"{name} {number}", model, lambda x: x)


def _epoch_seconds(arm: str, config: Any, data: Any, teachers: list[Teacher], folder: Path, seed: int) -> float:
    """Processor seconds of the cheapest epoch of a turn but its first."""
    keras.utils.set_random_seed(seed)
    student = open_model(config.model, data.input_shape, data.classes, data.scale, data.offset)
    teaching = None
    if arm != "plain":
        chosen = teachers if arm == "three teachers" else teachers[:1]
        settings = replace(config.distill, cache=arm != "in every step")
        before = time.perf_counter()
        teaching = lesson(Ensemble(chosen, settings), student, data, settings, config.augmentation, folder)
        if seed == 0 and settings.cache:
            print(f"{arm:>15}: asked once in {time.perf_counter() - before:.1f} s")
    ends: list[float] = []
    fit(
        student, data, config.training, config.augmentation, seed, teaching=teaching, validate=False,
        progress=lambda epoch: ends.append(time.process_time()),
    )  # fmt: skip
    return float(np.min(np.diff(ends)))


if __name__ == "__main__":
    main()
