"""What teachers are worth on a split, and how often the student answers as they do."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.keras_cost import model_cost
from nas_cli.data.dataset import Dataset, Split
from nas_cli.distill.settings import AUTO
from nas_cli.distill.teachers import BATCH, Ensemble
from nas_cli.training.feed import in_order


def teachers_block(ensemble: Ensemble, dataset: Dataset) -> list[dict[str, Any]]:
    """Per teacher: name, digest of its file, flops, macs, params, share, and its accuracy on the validation split."""
    answers = np.argmax(ensemble.logits(dataset.validation), axis=-1)
    blocks = []
    for teacher, share, said in zip(ensemble.teachers, ensemble.shares, answers, strict=True):
        cost = model_cost(teacher.model)
        counted = {"flops": cost.flops, "macs": cost.macs, "params": cost.params}
        accuracy = float(np.mean(said == dataset.validation.y))
        blocks.append(
            {"name": teacher.name, "digest": teacher.digest, "share": share, **counted, "valid_accuracy": accuracy}
        )
    return blocks


def warnings_of(blocks: list[dict[str, Any]], dataset: Dataset, inputs: str) -> list[str]:
    """A line for every teacher that is no better than the most frequent class is."""
    given = "raw" if inputs == AUTO else inputs
    chance = float(np.bincount(dataset.validation.y).max() / len(dataset.validation))
    return [
        f"warning: teacher {block['name']} has {block['valid_accuracy']:.1%} of the validation split right, chance is "
        f"{chance:.1%}: it learned other classes, or other inputs than the {given} ones that it gets (distill.inputs)"
        for block in blocks
        if block["valid_accuracy"] <= chance
    ]


def compared(ensemble: Ensemble, student: Any, dataset: Dataset) -> dict[str, Any]:
    """After the training: {"teacher": accuracy of all together on validation and test, "agreement": the share of equal
    answers of student and teachers on both, "separate": [test accuracy of each teacher]}."""
    found: dict[str, Any] = {"teacher": {}, "agreement": {}}
    for name, split in (("valid", dataset.validation), ("test", dataset.test)):
        logits = ensemble.logits(split)
        # At T = 1, as they would be used.
        together = np.argmax(np.asarray(ensemble.soft(list(logits), 1.0)), axis=-1)
        found["teacher"][f"{name}_accuracy"] = float(np.mean(together == split.y))
        found["agreement"][name] = float(np.mean(together == _answers(student.predict_on_batch, split)))
        if name == "test":
            found["separate"] = [float(np.mean(one == split.y)) for one in np.argmax(logits, axis=-1)]
    return found


def _answers(predict: Callable[[Any], Any], split: Split) -> NDArray[np.int64]:
    parts = [np.argmax(np.asarray(predict(np.asarray(x, np.float32))), axis=-1) for x, _ in in_order(split, BATCH)]
    return np.concatenate(parts)
