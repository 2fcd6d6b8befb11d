"""The loop of a quantize run: its table, and that a killed run ends as an uninterrupted one."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.config import load_config
from nas_cli.errors import ConfigError
from nas_cli.quantize.loop import Quantizing, run_quantize
from nas_cli.quantize.summary import summarise
from nas_cli.quantize.tflite_file import TFLiteFile
from nas_cli.runs.folder import RunFolder, create_run
from tests.quantize.nets import network
from tests.training.examples import PLAIN, images, training

DATA = images()
METHODS = "[float16,int8,keras_int8]"


def job(model: Any, methods: str = METHODS, **changes: Any) -> Quantizing:
    overrides = [f"quantize.methods={methods}", "quantize.calibration=20", "quantize.repeats=3", "quantize.epochs=1"]
    overrides += [f"quantize.{key}={value}" for key, value in changes.items()]
    settings = load_config("quantize", overrides).quantize
    return Quantizing(model, "tiny.keras", DATA, training(), PLAIN, settings, seed=0, threads=1)


def start(**more: Any) -> dict[str, Any]:
    return {"command": "quantize", "dataset": {"name": "tiny"}, "model": "tiny.keras", **more}


def run_of(folder: Path, task: Quantizing, stop_after: str | None = None, begin: Any = None) -> dict[str, Any]:
    run = create_run(folder, {"seed": 0}, {}) if not folder.exists() else RunFolder(folder)

    def listen(event: Mapping[str, Any]) -> None:
        if stop_after is not None and stop_after in (event["event"], event.get("name")):
            raise _Killed

    return run_quantize(run, task, begin or start(), listen, time.time())


class _Killed(BaseException):
    """A process that is gone without a word."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quantize") / "run"
    run_of(folder, job(network()))
    return folder


def without_times(value: Any) -> Any:
    """A summary without what no two runs have in common."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in ("ms", "wall_seconds")}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def test_every_method_has_its_sizes_scores_and_time(whole: Path) -> None:
    summary = json.loads((whole / "summary.json").read_text())
    block = summary["quantize"]
    rows = {row["name"]: row for row in block["methods"]}
    assert list(rows) == ["float16", "int8", "keras_int8"]
    for row in [*rows.values(), block["before"]]:
        assert row["gzip_bytes"] <= row["file_bytes"]
        assert 0 <= row["valid_accuracy"] <= 1 and 0 <= row["test_accuracy"] <= 1
        assert 0 < row["ms"]["lower"] <= row["ms"]["median"] <= row["ms"]["upper"]
    assert rows["float16"]["agreement"] >= 0.9 and rows["float16"]["difference"] < rows["int8"]["difference"]
    assert rows["keras_int8"]["layers"] == ["logits"] and rows["keras_int8"]["file"].endswith(".keras")
    assert summary["best"]["method"] == block["chosen"]
    assert summary["best"]["test_accuracy"] == rows[block["chosen"]]["test_accuracy"]


def test_the_chosen_file_is_the_best_of_the_run(whole: Path) -> None:
    block = json.loads((whole / "summary.json").read_text())["quantize"]
    row = next(row for row in block["methods"] if row["name"] == block["chosen"])
    suffix = Path(row["file"]).suffix
    assert (whole / "best" / f"model{suffix}").read_bytes() == (whole / row["file"]).read_bytes()


def test_the_test_split_is_used_after_the_choice_and_once(whole: Path) -> None:
    kinds = [json.loads(line)["event"] for line in (whole / "journal.jsonl").read_text().splitlines()]
    assert kinds.count("test") == 1 and kinds.index("chosen") < kinds.index("test")
    assert not (whole / "checkpoints").exists()


@pytest.mark.parametrize("moment", ["given", "int8", "chosen", "test"])
def test_a_killed_run_ends_as_an_uninterrupted_one(moment: str, whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(_Killed):
        run_of(folder, job(network()), stop_after=moment)
    assert summarise(RunFolder(folder).events())["status"] == "interrupted"
    summary = run_of(folder, job(None))
    assert without_times(summary) == without_times(json.loads((whole / "summary.json").read_text()))
    assert (folder / "quantized" / "int8.tflite").read_bytes() == (whole / "quantized" / "int8.tflite").read_bytes()


def test_a_method_that_cannot_be_applied_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3)(inputs)))
    with pytest.raises(ConfigError, match="can quantize none"):
        run_of(tmp_path / "run", job(model, "[keras_int4]"))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["status"] == "failed"


def test_integer_files_are_scored_like_the_others(tmp_path: Path) -> None:
    summary = run_of(tmp_path / "run", job(network(), "[int8]", io="integer"))
    (row,) = summary["quantize"]["methods"]
    assert row["agreement"] >= 0.7
    outputs = TFLiteFile(tmp_path / "run" / "best" / "model.tflite").outputs(DATA.test.x)
    assert row["test_accuracy"] == pytest.approx(np.mean(outputs.argmax(axis=1) == DATA.test.y))


def test_the_steps_before_are_lines_of_the_table(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.keras"
    network(seed=5).save(earlier)
    chain = [
        {"step": "nas train", "run": "a", "file": str(earlier), "params": 10, "test_accuracy": 0.5},
        {"step": "nas prune", "run": "b", "file": "gone.keras", "params": 9},
    ]
    summary = run_of(tmp_path / "run", job(network(), "[float16]"), begin=start(chain=chain))
    steps = summary["quantize"]["chain"]
    assert [row["step"] for row in steps] == ["nas train", "nas prune", "nas quantize: float16"]
    assert steps[0]["test_accuracy"] == 0.5 and steps[0]["ms"]["median"] > 0
    assert steps[1]["test_accuracy"] == summary["quantize"]["before"]["test_accuracy"]
    assert steps[2]["params"] == steps[1]["params"] and steps[2]["gzip_bytes"] < steps[1]["gzip_bytes"]


@pytest.mark.parametrize("method", ["qat", "cluster", "cluster_int8"])
def test_methods_that_train_record_their_epochs(method: str, tmp_path: Path) -> None:
    summary = run_of(tmp_path / "run", job(network(), f"[{method}]", clusters=4))
    events = RunFolder(tmp_path / "run").events()
    epochs = [event["epoch"] for event in events if event["event"] == "epoch"]
    assert epochs == [1]
    (row,) = summary["quantize"]["methods"]
    assert 0 <= row["valid_accuracy"] <= 1
    kinds = {"cluster": "float32"}.get(method, "int8")
    assert max(row["weights"], key=row["weights"].get) == kinds
    assert (tmp_path / "run" / "best" / "model.tflite").exists()
    if method != "qat":
        clustered = keras.saving.load_model(tmp_path / "run" / "best" / "model.keras", compile=False)
        assert len(np.unique(clustered.get_layer("logits").kernel)) <= 4
