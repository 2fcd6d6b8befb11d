"""Building, training and scoring networks within the budgets of a trial: what the training estimators share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, final

from nas_cli.data.dataset import Dataset
from nas_cli.data.prepare import open_prepared
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import Ring
from nas_cli.errors import ConfigError
from nas_cli.estimators.budget import resized, smaller
from nas_cli.estimators.contract import Hints, Progress, Score
from nas_cli.estimators.distilled import Teachers
from nas_cli.estimators.extrapolation import Hopeless
from nas_cli.estimators.settings import TrainEstimatorSettings
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Candidate
from nas_cli.training.penalty import Penalty
from nas_cli.training.result import FitResult
from nas_cli.training.settings import TrainingSettings


@final
class Trainer:
    """Trains with the budgets of an estimator's settings on the prepared data set in a folder.

    `dataset`, `training`, `augmentation`: those of a trial, budgets applied. Call `begin` first in every trial.
    The processes of a `ring` train every network together.
    """

    def __init__(
        self,
        settings: TrainEstimatorSettings,
        training: TrainingSettings,
        augmentation: AugmentationSettings,
        prepared: Path,
        ring: Ring | None = None,
    ) -> None:
        self.ring = ring
        self._score = settings.score
        self.training = replace(
            training, epochs=settings.epochs or training.epochs, restore_best=settings.score == "best"
        )
        self.augmentation = augmentation
        self.dataset = _within_budget(open_prepared(prepared), settings)
        self._teachers = Teachers(settings, self.dataset, prepared) if settings.distill_from else None
        self._precision = ""

    def begin(self, seed: int) -> None:
        """Forgets the networks of earlier trials, and sets precision and seed for a new one."""
        import keras

        from nas_cli.training import precision, session

        session.forget_models()
        self._precision = precision.apply(self.training.precision)
        keras.utils.set_random_seed(seed)

    def build(self, candidate: Candidate, dataset: Dataset | None = None) -> Any:
        """The Keras model of an architecture at the trial's resolution, with new weights, for `dataset` or the trial's.

        Raises:
            ConfigError: the candidate is no network.
        """
        from nas_cli.models.builder import build

        data = dataset or self.dataset
        return build(network(candidate).with_input(data.input_shape), data.scale, data.offset)

    def inherit(self, model: Any, hints: Hints) -> Mapping[str, Any]:
        """Starts layers from the donors' weights; {"reused": …} for the score's extra, empty without donors."""
        from nas_cli.estimators.weights import take_over

        if not hints.donors:
            return {}
        taken = {donor.trial: take_over(model, donor) for donor in hints.donors}
        used = [trial for trial, layers in taken.items() if layers]
        return {"reused": {"trials": used, "layers": sum(map(len, taken.values()))}}

    def train(
        self,
        model: Any,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints,
        extra: Mapping[str, Any],
        epochs: int | None = None,
        done: int = 0,
        stop_after: int | None = None,
        dataset: Dataset | None = None,
        penalty: Penalty | None = None,
        watch: Callable[[Mapping[str, float]], None] | None = None,
        last: bool = False,
    ) -> Score:
        """The score of the model, trained and saved; `extra` joins the score's, `epochs` replaces the budget.

        `done`: epochs of the budget that the model has had. `stop_after`: epochs of it after which training ends.
        `penalty`: minimised with the loss. `watch` is told every epoch, in all processes of the ring, before the next
        one begins. `last`: the last epoch counts, whatever the settings say.
        """
        from nas_cli.training.fit import fit

        training = replace(self.training, epochs=epochs or self.budget(hints))
        training = replace(training, restore_best=training.restore_best and not last)
        hopeless = None if hints.bar is None or done else Hopeless(self._fitness_of, hints.bar, training.epochs)
        stop = hopeless if stop_after is None else _after(stop_after, hopeless)
        stop = stop if watch is None else _watched(watch, stop)
        data = dataset or self.dataset
        teaching = None if self._teachers is None else self._teachers.lesson(model, data, self.augmentation)
        result = fit(
            model, data, training, self.augmentation, seed, progress=progress, penalty=penalty, stop=stop, done=done,
            ring=self.ring, teaching=teaching,
        )  # fmt: skip
        found = {"precision": self._precision, **extra}
        if hopeless is not None and hopeless.verdict is not None:
            found["stopped_early"] = hopeless.verdict
        score = replace(self._scored(result, last), extra=found)
        if model_file is not None and score.failure is None:
            model.save(model_file)
        return score

    def budget(self, hints: Hints) -> int:
        """The epochs of a trial in all."""
        return hints.epochs or self.training.epochs

    def test(self, model_file: Path) -> Mapping[str, float]:
        """test_accuracy (or test_rmse) and test_loss of a saved network."""
        from nas_cli.models.load import load_model
        from nas_cli.training.evaluation import evaluate

        model = load_model(model_file)
        measured = evaluate(model, self.dataset.test, self.dataset)
        return {f"test_{name}": value for name, value in measured.items()}

    def values(self, curve: Sequence[Mapping[str, float]]) -> list[float]:
        """What a network was worth after each epoch, higher is better: accuracy, or minus the error."""
        return [self._fitness_of(epoch) for epoch in curve]

    def _fitness_of(self, epoch: Mapping[str, float]) -> float:
        return -epoch["valid_rmse"] if self.dataset.task == "regression" else epoch["valid_accuracy"]

    def _scored(self, result: FitResult, last: bool) -> Score:
        failures = {"diverged": "diverged", "out_of_time": "out of time"}
        if result.stopped in failures or not result.curve:
            return Score(None, curve=result.curve, failure=failures.get(result.stopped, result.stopped))
        chosen = result.curve[result.best_epoch - 1 if self._score == "best" and not last else -1]
        names = ("loss", "rmse" if self.dataset.task == "regression" else "accuracy")
        metrics = {f"{part}_{name}": chosen[f"{part}_{name}"] for part in ("valid", "train") for name in names}
        metrics |= {
            "epochs": float(len(result.curve)),
            "train_seconds": result.train_seconds,
            "evaluation_seconds": result.evaluation_seconds,
            "compile_seconds": result.compile_seconds,
            "images_per_second": result.images_per_second,
        }
        return Score(self._fitness_of(chosen), metrics, result.curve)


def network(candidate: Candidate) -> Architecture:
    """The candidate, which is an architecture.

    Raises:
        ConfigError: it is a point of a space.
    """
    if not isinstance(candidate, Architecture):
        raise ConfigError(
            f"this estimator trains networks, and {candidate.digest()[:80]} is none: choose one that suits the space, "
            "--estimator table for a table."
        )
    return candidate


def _after(
    epochs: int, also: Callable[[Mapping[str, float]], str | None] | None
) -> Callable[[Mapping[str, float]], str | None]:
    """A rule that ends a training after so many epochs, if `also` has not done so."""

    def stop(epoch: Mapping[str, float]) -> str | None:
        reason = None if also is None else also(epoch)
        return "enough" if reason is None and epoch["epoch"] >= epochs else reason

    return stop


def _watched(
    watch: Callable[[Mapping[str, float]], None], also: Callable[[Mapping[str, float]], str | None] | None
) -> Callable[[Mapping[str, float]], str | None]:
    """The rule `also`, asked after `watch` was told."""

    def stop(epoch: Mapping[str, float]) -> str | None:
        watch(epoch)
        return None if also is None else also(epoch)

    return stop


def _within_budget(dataset: Dataset, settings: TrainEstimatorSettings) -> Dataset:
    if settings.train_size is not None:
        dataset = smaller(dataset, settings.train_size)
    return resized(dataset, settings.resolution) if settings.resolution is not None else dataset
