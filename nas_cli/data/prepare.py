"""Decode, split and subsample a data set once, for all workers of a run."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.catalog import reader
from nas_cli.data.dataset import Dataset
from nas_cli.data.download import Progress, silent
from nas_cli.data.formats.images import resize_all
from nas_cli.data.info import check_settings, resized
from nas_cli.data.inventory import ensure
from nas_cli.data.label_noise import noisy_digest, noisy_labels
from nas_cli.data.prepared import SPLITS, VERSION, matches, open_prepared, write_array, write_atomically
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Examples, Indices, Source
from nas_cli.data.split import Chosen, choose
from nas_cli.data.statistics import channel_statistics, target_statistics
from nas_cli.schema import plain

PIECE = 512

__all__ = ["open_prepared", "prepare"]


def prepare(settings: DatasetSettings, data_dir: Path, out: Path, progress: Progress = silent) -> Dataset:
    """The data set, decoded, split and subsampled in the folder `out`; reused if `out` has it already.

    A data set that is found nowhere is downloaded to `data_dir` first.

    Raises:
        ConfigError: settings that do not fit the data set.
        DataError: missing, altered or damaged files, or `out` cannot be written.
    """
    request = plain(settings)
    if not matches(out, request):
        found = reader(settings.name)
        check_settings(settings, found.card)
        ensure(settings.name, data_dir, settings.path, progress)
        source = found.open(settings, data_dir)
        chosen = choose(source, settings)
        write_atomically(out, lambda folder: _write(folder, source, chosen, settings))
    return open_prepared(out)


def _write(folder: Path, source: Source, chosen: Chosen, settings: DatasetSettings) -> None:
    parts = {
        "train": (source.train, chosen.train),
        "validation": (source.validation or source.train, chosen.validation),
        "test": (source.test or source.train, chosen.test),
    }
    shape = resized(source.input_shape, settings.resolution)
    x_type = "<f4" if len(source.input_shape) == 1 else "|u1"
    y_type = "<f4" if source.task == "regression" else "<i8"
    noisy = noisy_labels(source.train.y[chosen.train], source.classes, settings.label_noise, chosen.digest)
    for name in SPLITS:
        examples, indices = parts[name]
        pieces = _pieces(examples, indices, shape)
        write_array(folder / f"{name}_x.npy", x_type, (len(indices), *shape), pieces)
        y = noisy if name == "train" else examples.y[indices]
        write_array(folder / f"{name}_y.npy", y_type, (len(indices),), [y])
    meta = _meta(folder, source, chosen, settings)
    if settings.label_noise:
        changed = int((noisy != source.train.y[chosen.train]).sum())
        meta["split_digest"] = noisy_digest(chosen.digest, noisy)
        meta["provenance"]["changed_labels"] = changed
        said = f"label noise: {changed:,} of {len(noisy):,} training labels were replaced by another class"
        meta["provenance"]["note"] = "; ".join(filter(None, (source.provenance.note, said)))
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")


def _pieces(examples: Examples, indices: Indices, shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    for start in range(0, len(indices), PIECE):
        piece = examples.read(indices[start : start + PIECE])
        yield resize_all(piece, shape[0]) if piece.shape[1:] != shape else piece


def _meta(folder: Path, source: Source, chosen: Chosen, settings: DatasetSettings) -> dict[str, Any]:
    mean, std = channel_statistics(np.load(folder / "train_x.npy", mmap_mode="r"))
    target_mean, target_std = target_statistics(np.load(folder / "train_y.npy"), source.task)
    return {
        "version": VERSION,
        "request": plain(settings),
        "name": settings.name,
        "task": source.task,
        "classes": source.classes,
        "mean": mean.tolist(),
        "std": std.tolist(),
        "target_mean": target_mean,
        "target_std": target_std,
        "provenance": dataclasses.asdict(source.provenance),
        "split_digest": chosen.digest,
    }
