"""The score of an architecture by training it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import final

from nas_cli.data.dataset import Dataset
from nas_cli.data.prepare import open_prepared
from nas_cli.data.settings import AugmentationSettings
from nas_cli.estimators.budget import resized, smaller
from nas_cli.estimators.contract import Progress, Score
from nas_cli.estimators.settings import TrainEstimatorSettings
from nas_cli.spaces.architecture import Architecture
from nas_cli.training.result import FitResult
from nas_cli.training.settings import TrainingSettings


@final
class TrainEstimator:
    """Trains with the budgets of the settings; fitness is the validation accuracy, or minus the validation rmse.

    `prepared`: folder of a prepared data set. A network that diverges, or is not trained before
    `training.max_seconds` ends, has no fitness.
    """

    def __init__(
        self,
        settings: TrainEstimatorSettings,
        training: TrainingSettings,
        augmentation: AugmentationSettings,
        prepared: Path,
    ) -> None:
        self._score = settings.score
        self._training = replace(
            training, epochs=settings.epochs or training.epochs, restore_best=settings.score == "best"
        )
        self._augmentation = augmentation
        self._dataset = _within_budget(open_prepared(prepared), settings)

    def estimate(self, architecture: Architecture, seed: int, model_file: Path | None, progress: Progress) -> Score:
        import keras

        from nas_cli.models.builder import build
        from nas_cli.training import precision, session
        from nas_cli.training.fit import fit

        session.forget_models()
        arithmetic = precision.apply(self._training.precision)
        keras.utils.set_random_seed(seed)
        data = self._dataset
        model = build(architecture.with_input(data.input_shape), data.scale, data.offset)
        result = fit(model, data, self._training, self._augmentation, seed, progress=progress)
        score = replace(self._scored(result), extra={"precision": arithmetic})
        if model_file is not None and score.failure is None:
            model.save(model_file)
        return score

    def test(self, model_file: Path) -> Mapping[str, float]:
        from nas_cli.models.load import load_model
        from nas_cli.training.evaluation import evaluate

        model = load_model(model_file)
        measured = evaluate(model, self._dataset.test, self._dataset)
        return {f"test_{name}": value for name, value in measured.items()}

    def _scored(self, result: FitResult) -> Score:
        failures = {"diverged": "diverged", "out_of_time": "out of time"}
        if result.stopped in failures or not result.curve:
            return Score(None, curve=result.curve, failure=failures.get(result.stopped, result.stopped))
        chosen = result.curve[result.best_epoch - 1 if self._score == "best" else -1]
        regression = self._dataset.task == "regression"
        names = ("loss", "rmse" if regression else "accuracy")
        metrics = {f"{part}_{name}": chosen[f"{part}_{name}"] for part in ("valid", "train") for name in names}
        metrics |= {
            "epochs": float(len(result.curve)),
            "train_seconds": result.train_seconds,
            "evaluation_seconds": result.evaluation_seconds,
            "compile_seconds": result.compile_seconds,
            "images_per_second": result.images_per_second,
        }
        return Score(-chosen["valid_rmse"] if regression else chosen["valid_accuracy"], metrics, result.curve)


def _within_budget(dataset: Dataset, settings: TrainEstimatorSettings) -> Dataset:
    if settings.train_size is not None:
        dataset = smaller(dataset, settings.train_size)
    return resized(dataset, settings.resolution) if settings.resolution is not None else dataset
