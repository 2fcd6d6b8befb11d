"""tensorflow-model-optimization's MNIST tutorials, by tfmot and by our own engine side by side.

    python scripts/reproduce_tfmot_mnist.py             # seeds 0, 1 and 2; results/pruning/tfmot_mnist.csv and .md
    python scripts/reproduce_tfmot_mnist.py --seeds 1 --train-size 6000 --out somewhere

The tutorials' network (convolution of 12 3×3 filters, 2×2 max-pooling, dense) is trained for 4 epochs. Then it is
pruned from 50 to 80 % of its weights in 2 epochs (PolynomialDecay, every 100 steps) by each engine from the same
weights with the same examples in the same order, as in the tutorial, which ends there; and once more with 2 further
epochs behind the schedule. All are stored in int8, and the baseline is trained on for 1 epoch with simulated
quantisation. Expected: accuracies within half a point, the same number of zeros, int8 at least 9 times smaller than the
baseline once compressed. About 4 minutes per seed on 2 idle cores.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from nas_cli.data.dataset import Dataset
from nas_cli.data.prepare import prepare
from nas_cli.data.settings import AugmentationSettings, DatasetSettings
from nas_cli.errors import NasError
from nas_cli.models.file_size import compressed_bytes
from nas_cli.prune.during_training import masks_in_training
from nas_cli.prune.masks import Masks, apply_masks, full_masks, share_left
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.tfmot.engine import prune_with_tfmot
from nas_cli.prune.weights import find_weights
from nas_cli.quantize.calibration import calibration_set
from nas_cli.quantize.predictors import scores
from nas_cli.quantize.quantization_aware import quantization_aware
from nas_cli.quantize.tflite_converter import Form, convert
from nas_cli.quantize.tflite_file import TFLiteFile
from nas_cli.reports.experiments.made import Made, in_process
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results
from nas_cli.training.evaluation import evaluate
from nas_cli.training.fit import fit
from nas_cli.training.settings import LossSettings, OptimizerSettings, ScheduleSettings, TrainingSettings
from nas_cli.training.tf_keras_fit import steps_per_epoch

ROOT = Path(__file__).resolve().parents[1]
PLAIN = AugmentationSettings(name="none", flip=False, crop=0, cutout=0, copies=1)
TRAINING = TrainingSettings(
    epochs=4,
    batch_size=32,
    optimizer=OptimizerSettings("adam", 0.001, momentum=None, weight_decay=None, clip_norm=None),
    loss=LossSettings("auto", None),
    schedule=ScheduleSettings("constant", 0.0, None, None, None),
    patience=None,
    restore_best=False,
    precision="float32",
    jit_compile="auto",
    max_seconds=None,
    tensorboard=False,
)
"""What the tutorials leave to Keras' defaults: Adam 0.001, batches of 32."""

PRUNING = replace(TRAINING, epochs=2, batch_size=128)
LONGER = replace(TRAINING, epochs=4, batch_size=128)
FURTHER = ", 2 more epochs"
SUFFIXES = ("", FURTHER)
AWARE = replace(TRAINING, epochs=1, batch_size=500)
CALIBRATION = 200
PRUNE = PruneSettings(
    criterion="magnitude", granularity="weight", norm="l1", taylor="absolute", curvature="fisher", batches=8,
    target="sparsity", sparsity=0.8, reduction=None, device="this_machine", spread="uniform", normalise="mean",
    output_rate=1.0, include=None, exclude=None, round_to=1, min_channels=1, schedule="cubic", when="step", rounds=1,
    initial=0.5, rate=None, begin=0.0, end=1.0, regrow="none", drop_fraction=0.3, update_every=100, until=0.75,
    rewind="none", reinit=False, train_first=None, fine_tune=2, last_fine_tune=None, learning_rate=None, engine="tfmot",
    pattern="free", block=None,
)  # fmt: skip

PUBLISHED = (
    "What the tutorials' texts say (tensorflow/model-optimization, in tensorflow_model_optimization/g3doc/guide: "
    "pruning/pruning_with_keras.ipynb at b0eea48, quantization/training_example.ipynb at 4c1d5fd): with 80 % of the "
    "weights pruned minimal loss of test accuracy, compressed files 3 times smaller, 10 times with post-training "
    "quantization; by quantization-aware training minimal to no loss, and files 4 times smaller, not compressed. "
    "They name no accuracies."
)
DEVIATIONS = (
    "Other than there: post-training quantization has a calibration set, so that activations are int8 too; "
    "quantization-aware training starts from the network of 4 epochs and takes all examples, theirs from one of 1 "
    "epoch and 1,000 examples; the updates of the sparsity end exactly at 80 %; files are compressed by gzip, not zip."
)
CLAIMS = (
    "Both engines keep the same number of weights of every kernel",
    "Their accuracies are within half a point (mean)",
    "int8 is at least 9 times smaller compressed than the baseline",
    "With the tutorial's 2 epochs of pruning int8 loses at most half a point (mean, each engine)",
    "With 2 more epochs int8 loses at most half a point (mean, each engine)",
    "Quantization-aware training loses at most half a point (mean)",
)


@dataclass(frozen=True)
class Row:
    """One network of one seed: accuracies in percent, sizes in bytes under gzip."""

    seed: int
    network: str
    test_accuracy: float
    sparsity: float
    kept: str
    keras_bytes: float
    tflite_bytes: float


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--train-size", type=int, default=None, help="examples, all of 54,000 by default")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "pruning")
    given = parser.parse_args(arguments)
    begun = time.perf_counter()
    data = Path(os.environ.get("NAS_DATA_DIR", Path.home() / ".cache" / "nas"))
    settings = DatasetSettings(
        name="mnist", path=None, train_size=given.train_size, valid_size=None, test_size=None, validation_fraction=0.1,
        split_seed=0, resolution=None, shape=None, classes=None, examples=None,
    )  # fmt: skip
    try:
        with tempfile.TemporaryDirectory() as folder:
            dataset = prepare(settings, data, Path(folder) / "data")
            rows = [row for seed in range(given.seeds) for row in one_seed(dataset, seed, Path(folder))]
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    made = in_process("tfmot_mnist", given.seeds, time.perf_counter() - begun)
    made = {**made, "images": len(dataset.train), "epochs": TRAINING.epochs}
    for path in written(rows, dataset, given.out, made):
        print(path)
    return 0


def one_seed(dataset: Dataset, seed: int, folder: Path) -> list[Row]:
    """The baseline, the pruned networks of both engines, their int8 files, and the quantization-aware network."""
    keras.utils.set_random_seed(seed)
    model = network()
    fit(model, dataset, TRAINING, PLAIN, seed)
    start = model.get_weights()
    rows = stored("baseline", model, dataset, seed, folder)
    aware = quantization_aware(model, dataset, AWARE, PLAIN, seed).model
    rows.append(in_int8("baseline, quantization-aware", aware, dataset, seed, folder, Form("int8", simulated=True)))
    for suffix, training, end in (("", PRUNING, 1.0), (FURTHER, LONGER, 0.5)):
        for engine in ("tfmot", "own"):
            model.set_weights(start)
            masks = pruned(model, dataset, training, replace(PRUNE, engine=engine, end=end), seed)
            rows += stored(f"pruned by {engine}{suffix}", model, dataset, seed, folder, masks)
    for row in rows:
        print(row, file=sys.stderr, flush=True)
    return rows


def network() -> Any:
    """The tutorials' network; pixels are divided by 255 inside."""
    inputs = keras.Input((28, 28, 1))
    x = keras.layers.Rescaling(1 / 255, name="rescaling")(inputs)
    x = keras.layers.Conv2D(12, 3, activation="relu", name="conv2d")(x)
    x = keras.layers.Flatten(name="flatten")(keras.layers.MaxPooling2D(2, name="pool")(x))
    return keras.Model(inputs, keras.layers.Dense(10, name="dense")(x))


def pruned(model: Any, dataset: Dataset, training: TrainingSettings, prune: PruneSettings, seed: int) -> Masks:
    """The masks with which the engine ends; the model is pruned and trained in place."""
    if prune.engine == "tfmot":
        return prune_with_tfmot(model, dataset, training, PLAIN, prune, seed).masks
    weights = find_weights(model, prune)
    steps = training.epochs * steps_per_epoch(dataset, training, PLAIN)
    penalty = masks_in_training(weights, full_masks(weights), prune, steps, seed)
    fit(model, dataset, training, PLAIN, seed, penalty=penalty)
    masks = penalty.masks()
    # A product with zero may be -0.0, which compresses worse.
    apply_masks(weights, masks)
    return masks


def stored(name: str, model: Any, dataset: Dataset, seed: int, folder: Path, masks: Masks | None = None) -> list[Row]:
    """The network as it is and in int8."""
    keras_file, tflite_file = folder / "model.keras", folder / "model.tflite"
    model.save(keras_file)
    tflite_file.write_bytes(convert(model, Form()))
    accuracy = 100 * evaluate(model, dataset.test, dataset)["accuracy"]
    left, kept = 1.0, ""
    if masks is not None:
        left, kept = share_left(masks), " ".join(f"{path}={int(mask.sum())}" for path, mask in masks.items())
    sizes = float(compressed_bytes(keras_file)), float(compressed_bytes(tflite_file))
    form = Form("int8", calibration_set(dataset, CALIBRATION, seed))
    return [
        Row(seed, name, accuracy, 1 - left, kept, *sizes),
        in_int8(f"{name}, int8", model, dataset, seed, folder, form, 1 - left, kept),
    ]


def in_int8(
    name: str, model: Any, dataset: Dataset, seed: int, folder: Path, form: Form, sparsity: float = 0.0, kept: str = ""
) -> Row:
    """The network as a TFLite file in int8, on the whole test set."""
    file = folder / "int8.tflite"
    file.write_bytes(convert(model, form))
    accuracy = 100 * scores(TFLiteFile(file).outputs(dataset.test.x), dataset.test, dataset)["accuracy"]
    return Row(seed, name, accuracy, sparsity, kept, float("nan"), float(compressed_bytes(file)))


def written(rows: Sequence[Row], dataset: Dataset, out: Path, made: Made) -> Sequence[Path]:
    """The table, the page, and what they took."""
    table = pd.DataFrame([vars(row) for row in rows])
    held = verdicts(table)
    lines = ["# tfmot's MNIST tutorials: tfmot and our engine", "", PUBLISHED, "", DEVIATIONS, ""]
    lines += [f"`python scripts/{Path(__file__).name}`", ""]
    lines += [
        f"MNIST: {len(dataset.train):,} training and {len(dataset.test):,} test examples, {table['seed'].nunique()} "
        "seeds (mean ± standard deviation). Sizes under gzip -9; × smaller than the baseline's .keras file / than its "
        "float32 .tflite file.",
        "",
    ]
    lines += [markdown(summary(table)), ""]
    lines += [
        f"* {claim}: {'yes' if yes else 'NO'} ({figure})" for claim, (yes, figure) in zip(CLAIMS, held, strict=True)
    ]
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    page = "\n".join(lines) + "\n"
    return write_results(out, {"tfmot_mnist.csv": text, "tfmot_mnist.md": page}, [], [made])


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """A row per network: means over the seeds."""
    means = table.groupby("network", sort=False).mean(numeric_only=True)
    deviations = table.groupby("network")["test_accuracy"].std().fillna(0.0).to_dict()
    keras_base, tflite_base = means.loc["baseline", "keras_bytes"], means.loc["baseline", "tflite_bytes"]
    lines = []
    for name, row in means.iterrows():
        size = row["tflite_bytes"]
        lines.append(
            {
                "network": name,
                "test accuracy %": f"{row['test_accuracy']:.2f} ± {deviations[name]:.2f}",
                "difference": f"{row['test_accuracy'] - means.loc['baseline', 'test_accuracy']:+.2f}",
                "sparsity": f"{row['sparsity']:.4f}",
                ".keras bytes": None if np.isnan(row["keras_bytes"]) else f"{row['keras_bytes']:.0f}",
                ".tflite bytes": f"{size:.0f}",
                "× smaller": f"{keras_base / size:.1f} / {tflite_base / size:.1f}",
            }
        )
    return pd.DataFrame(lines)


def verdicts(table: pd.DataFrame) -> list[tuple[bool, str]]:
    """Whether each of the claims holds, and the figure that says so."""
    means: Mapping[str, Mapping[str, float]] = table.groupby("network").mean(numeric_only=True).to_dict("index")  # type: ignore[assignment]
    kept = table[table["kept"] != ""]["kept"]
    base = means["baseline"]
    pairs = [
        means[f"pruned by tfmot{suffix}"]["test_accuracy"] - means[f"pruned by own{suffix}"]["test_accuracy"]
        for suffix in SUFFIXES
    ]
    between = max(pairs, key=abs)
    small = {suffix: [means[f"pruned by {engine}{suffix}, int8"] for engine in ("tfmot", "own")] for suffix in SUFFIXES}
    smaller = min(
        min(base["keras_bytes"], base["tflite_bytes"]) / row["tflite_bytes"] for rows in small.values() for row in rows
    )
    losses = {key: max(base["test_accuracy"] - row["test_accuracy"] for row in rows) for key, rows in small.items()}
    aware = base["test_accuracy"] - means["baseline, quantization-aware"]["test_accuracy"]
    return [
        (kept.nunique() == 1, "; ".join(sorted(set(kept)))),
        (abs(between) <= 0.5, f"{between:+.2f} points"),
        (smaller >= 9, f"{smaller:.1f}×"),
        *((loss <= 0.5, f"{loss:+.2f} points") for loss in losses.values()),
        (aware <= 0.5, f"{aware:+.2f} points"),
    ]


if __name__ == "__main__":
    sys.exit(main())
