"""A comparison from its first training to its summary; killed anywhere, it ends with the same numbers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.bench.optimizers.loop import Comparing, run_optimizers
from nas_cli.bench.optimizers.network import build_network, measured_on_test
from nas_cli.data.dataset import Dataset, Provenance, Split
from nas_cli.data.settings import AugmentationSettings
from nas_cli.models.settings import ModelSettings
from nas_cli.reports.optimizer_study import Study
from nas_cli.reports.optimizer_summary import summarise
from nas_cli.runs.folder import RunFolder
from nas_cli.training.result import FitResult
from nas_cli.training.settings import TrainingSettings
from tests.bench.optimizers.plans import plan

MODEL = ModelSettings(name="paper3_cnn", keep_weights=False, width=0.125, weights=None)
START = {
    "command": "bench", "mode": "optimizers", "dataset": {},
    "study": {"batch_size": 32, "initializer": "glorot_uniform", "images": 120, "optimizers": ["sgd", "adam"]},
}  # fmt: skip


def dataset() -> Dataset:
    rng = np.random.default_rng(0)

    def split(count: int) -> Split:
        y = rng.integers(0, 2, count)
        x = rng.integers(0, 120, (count, 8, 8, 1)) + 120 * y[:, None, None, None]
        return Split(x.astype(np.uint8), y.astype(np.int64))

    one = np.ones(1, np.float32)
    provenance = Provenance("generated", {}, ())
    return Dataset(
        "toy", "classification", 2, split(96), split(24), split(40), 120 * one, 60 * one, 0.0, 1.0, provenance, "d"
    )


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset()


class Killed(BaseException):
    """As SIGKILL: nothing of the run notices."""


def compare(
    path: Path,
    data: Dataset,
    on_event: Callable[[Mapping[str, Any]], None] = lambda event: None,
    precision: str = "float32",
) -> Any:
    path.mkdir(exist_ok=True)
    augmentation = AugmentationSettings(name="none", flip=False, crop=0, cutout=0, copies=1)
    made = plan(seeds=1, optimizers=("adam",), initializers=("he_normal",))
    job = Comparing(replace(made, training=replace(made.training, precision=precision)), MODEL, data, augmentation)
    return run_optimizers(RunFolder(path), job, START, on_event, 0.0, summarise)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, data: Dataset) -> Path:
    path = tmp_path_factory.mktemp("whole")
    compare(path, data)
    return path


def numbers(path: Path) -> dict[str, dict[str, float]]:
    events = RunFolder(path).events()
    return {event["training"]: event["final"] for event in events if event["event"] == "trained"}


def test_both_protocols_tuning_and_what_is_varied_are_in_the_summary(whole: Path) -> None:
    summary = json.loads((whole / "summary.json").read_text())
    rows = summary["optimizers"]["rows"]
    assert [(row["protocol"], row["initializer"]) for row in rows] == [
        ("shared", "glorot_uniform"), ("shared", "he_normal"), ("tuned", "glorot_uniform"), ("tuned", "he_normal"),
    ]  # fmt: skip
    (chosen,) = summary["optimizers"]["chosen"]
    assert [rate for rate, _ in chosen["tried"]] == [0.0001, 0.001]
    assert {row["rate"] for row in rows if row["protocol"] == "tuned"} == {chosen["rate"]}
    assert (summary["status"], summary["trials"], summary["failed"], summary["best"]) == ("completed", 6, 0, None)
    assert not (whole / "checkpoints").exists()


def test_rates_are_chosen_without_the_test_split(whole: Path) -> None:
    for event in RunFolder(whole).events():
        if event["event"] == "epoch":
            tuning = event["training"].startswith("tuning-")
            assert ("valid_accuracy" in event, "test_accuracy" in event) == (tuning, not tuning)
    assert all(epochs == [1.0, 2.0] for epochs in _epochs(whole).values())


def _epochs(path: Path) -> dict[str, list[float]]:
    study = Study(RunFolder(path).events())
    return {name: [e["epoch"] for e in found] for name, found in study.epochs.items() if not name.startswith("tuning-")}


@pytest.mark.parametrize("torn", [False, True])
def test_killed_again_and_again_it_ends_with_the_same_numbers(
    whole: Path, tmp_path: Path, data: Dataset, torn: bool
) -> None:
    """torn: the last line was lost, though the checkpoint behind it is there."""
    path = tmp_path / "run"

    def killed_after(count: int) -> Callable[[Mapping[str, Any]], None]:
        said: list[Any] = []

        def on_event(event: Mapping[str, Any]) -> None:
            said.append(event)
            if len(said) == count:
                raise Killed

        return on_event

    for count in (1, 4, 6):
        with pytest.raises(Killed):
            compare(path, data, killed_after(count))
        if torn:
            lines = (path / "journal.jsonl").read_bytes().splitlines(keepends=True)
            (path / "journal.jsonl").write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    compare(path, data)
    assert set(numbers(path)) == set(numbers(whole))
    for name, final in numbers(whole).items():
        assert numbers(path)[name] == pytest.approx(final, abs=1e-3), name
    assert _epochs(path) == _epochs(whole)
    lines = [(event["training"], event["epoch"]) for event in RunFolder(path).events() if event["event"] == "epoch"]
    assert len(set(lines)) == len(lines)


def test_every_training_has_the_configured_arithmetic_and_goes_to_its_last_epoch(
    tmp_path: Path, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def fit(model: Any, _: Dataset, settings: TrainingSettings, *__: Any, **___: Any) -> FitResult:
        policies = {layer.dtype_policy.name for layer in model.layers}
        seen.append(("mixed_bfloat16" in policies, settings.restore_best, settings.patience))
        values = {f"{split}_{name}": 0.5 for split in ("train", "valid") for name in ("loss", "accuracy")}
        return FitResult(({"epoch": 1.0, "seconds": 1.0, **values},), "completed", 1.0, 1.0, 0.0, 1.0, 1)

    monkeypatch.setattr("nas_cli.training.fit.fit", fit)
    compare(tmp_path / "run", data, precision="mixed_bfloat16")
    assert seen == [(True, False, None)] * 6


def test_a_complete_run_is_left_alone(whole: Path, data: Dataset) -> None:
    before = (whole / "journal.jsonl").read_bytes()
    compare(whole, data)
    assert (whole / "journal.jsonl").read_bytes() == before


def test_what_is_compared_learns_both_splits_and_is_looked_at_on_the_test_split(data: Dataset) -> None:
    merged = measured_on_test(data)
    assert len(merged.train) == len(data.train) + len(data.validation)
    assert merged.validation is data.test
    assert merged.split_digest != data.split_digest


def test_an_initializer_changes_kernels_only_and_follows_the_seed(data: Dataset) -> None:
    def kernel(initializer: str, seed: int) -> Any:
        return np.array(build_network(MODEL, data, initializer, seed).trainable_variables[0])

    assert (kernel("he_normal", 1) == kernel("he_normal", 1)).all()
    assert not (kernel("he_normal", 1) == kernel("he_normal", 2)).any()
    assert not (kernel("he_normal", 1) == kernel("glorot_uniform", 1)).any()
    biases = [w for w in build_network(MODEL, data, "he_normal", 1).trainable_variables if w.name.endswith("bias")]
    assert all(not np.array(bias).any() for bias in biases)
