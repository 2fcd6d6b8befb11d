"""The score of an architecture after irrelevant weights were taken out of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.narrowed import narrowed
from nas_cli.data.batches import batches_per_epoch
from nas_cli.errors import ConfigError, NasError
from nas_cli.estimators.contract import Hints, Progress, Score
from nas_cli.estimators.gated import GatedEstimator
from nas_cli.estimators.relevance_settings import RelevanceEstimatorSettings
from nas_cli.relevance.settings import RelevanceSettings
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.channel_ties import WIDTH

AROUND = (0.1, 0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 4.0)
"""Thresholds of the curve, relative to that of the settings."""

ADDED = ("epochs", "train_seconds", "evaluation_seconds", "compile_seconds")
"""Metrics that both trainings have in all; of the others those of the smaller network count."""


@final
class RelevanceEstimator(GatedEstimator[RelevanceEstimatorSettings]):
    """Trains every network with Gaussian weights, whose prior has a precision for each of them (ARD), removes those
    with |mean|/deviation below the threshold, and scores the smaller network, with means for weights.

    Dense layers and convolutions become Gaussian, depthwise ones stay (the 1×1 convolution behind tells what matters).
    The budget's epochs are of this training, whose last epoch counts: the evidence bound, with KL growing linearly over
    the warm-up, and precisions in closed form; a regression has the Gaussian likelihood, its variance in closed form
    (see `nas_cli.relevance.evidence`). Units without weights go physically, other removed weights are zeros, and stay
    so in the fine-tuning, which has the schedule of a training of its own. With a tolerance the threshold is chosen on
    the validation split, which flatters the score of the removal a little. A trial that is to continue another one
    trains anew: what was removed would be missing.
    """

    def trained(
        self, architecture: Architecture, seed: int, model_file: Path | None, progress: Progress, hints: Hints
    ) -> Score:
        from nas_cli.relevance.plain import variational

        trainer = self._trainer
        trainer.begin(seed)
        model = trainer.build(architecture)
        extra = trainer.inherit(model, hints)
        noisy = variational(model, self._gaussian())
        evidence = self._evidence(noisy, hints)
        told = self._told(progress, 0, hints)
        first = trainer.train(
            noisy, seed, None, told, hints, extra, penalty=evidence, watch=evidence.after_epoch, last=True
        )
        if first.failure is not None:
            return first
        began = time.perf_counter()
        try:
            removed = self._removed(noisy, model)
        except NasError as error:
            return replace(first, fitness=None, failure=str(error))
        seconds = time.perf_counter() - began
        score = self._fine_tuned(removed, first, seed, model_file, progress, hints)
        if score.failure is not None:
            return score
        block = {**removed.block, "valid_after": self._metric(score.metrics), "noise_variance": evidence.noise_variance}
        block |= self._of_result(removed.model, seed)
        metrics = {**score.metrics, **{name: float(block[name]) for name in ("valid_before", "weights", "nonzero")}}
        metrics["relevance_seconds"] = seconds
        extra = {**score.extra, "relevance": block}
        return replace(score, metrics=metrics, extra=extra, trained=_described(architecture, model, removed.model))

    def _gaussian(self) -> RelevanceSettings:
        settings = self._settings
        return RelevanceSettings(
            name="ard", share=settings.share, update="closed_form",
            initial_log_variance=settings.initial_log_variance,
        )  # fmt: skip

    def _evidence(self, noisy: Any, hints: Hints) -> Any:
        """The penalty of the training.

        Raises:
            ConfigError: a regression with another loss than the one that its likelihood has.
        """
        from nas_cli.relevance.evidence import Evidence

        trainer, data = self._trainer, self._trainer.dataset
        regression, loss = data.task == "regression", trainer.training.loss.name
        if regression and loss not in ("auto", "mse"):
            raise ConfigError(f"training.loss={loss}: estimator=relevance has the likelihood of mse; use mse or auto.")
        steps = batches_per_epoch(len(data.train), trainer.training.batch_size, trainer.augmentation.copies)
        warm_up = round(self._settings.warm_up * steps * trainer.budget(hints))
        rate, weight = self._settings.variance_rate, self._settings.divergence_weight
        return Evidence(noisy, len(data.train), warm_up, regression=regression, variance_rate=rate, weight=weight)

    def _told(self, progress: Progress, before: int, hints: Hints) -> Progress:
        """`progress` of a part of the training behind `before` epochs."""
        epochs = self._trainer.budget(hints) + self._settings.fine_tune
        return lambda epoch: progress({**epoch, "epoch": epoch["epoch"] + before, "epochs": epochs})

    def _removed(self, noisy: Any, model: Any) -> "_Removed":
        """The smaller network, and what the journal says of the larger one and of the removal."""
        from nas_cli.models.nonzero import nonzero_weights
        from nas_cli.relevance.plain import plain
        from nas_cli.relevance.removal import remove, threshold_curve
        from nas_cli.training.evaluation import Evaluation

        data, settings = self._trainer.dataset, self._settings
        dense = plain(noisy)
        known: dict[int, Evaluation] = {}

        def valid(network: Any) -> float:
            evaluation = known.setdefault(id(network), Evaluation(network, data.validation, data))
            return self._metric({f"valid_{name}": value for name, value in evaluation(data.validation).items()})

        curve = threshold_curve(noisy, [settings.threshold * factor for factor in AROUND], valid)
        threshold = self._chosen(valid(dense), curve)
        removal = remove(noisy, threshold)
        before, after = model_cost(dense), model_cost(removal.model)
        block = {
            "threshold": threshold,
            "share": settings.share,
            "weights": nonzero_weights(dense),
            "valid_before": valid(dense),
            "valid_removed": valid(removal.model),
            "flops_before": before.flops,
            "flops_after": after.flops,
            "params_before": before.params,
            "params_after": after.params,
            "units": _units(model, removal.model),
            "unread_inputs": removal.unread_inputs.nonzero()[0].tolist(),
            "curve": [{"threshold": one.threshold, "left": one.left, "valid": one.score} for one in curve],
        }
        return _Removed(removal.model, block)

    def _chosen(self, before: float, curve: Sequence[Any]) -> float:
        """The threshold: that of the settings, or the largest that is within the tolerance."""
        settings = self._settings
        if settings.tolerance is None:
            return settings.threshold
        if self._trainer.dataset.task == "regression":
            good = [one.threshold for one in curve if one.score <= before * (1 + settings.tolerance)]
        else:
            good = [one.threshold for one in curve if one.score >= before * (1 - settings.tolerance)]
        return max(good, default=0.0)

    def _fine_tuned(
        self,
        removed: "_Removed",
        first: Score,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints,
    ) -> Score:
        """The score of the smaller network, with the curves and times of both trainings."""
        from nas_cli.relevance.removal import zeros_stay

        if not self._settings.fine_tune:
            return self._as_it_is(removed.model, first, model_file)
        before = len(first.curve)
        second = self._trainer.train(
            removed.model,
            seed,
            model_file,
            self._told(progress, before, hints),
            replace(hints, bar=None),
            first.extra,
            epochs=self._settings.fine_tune,
            penalty=zeros_stay(removed.model),
        )
        placed = tuple({**epoch, "epoch": epoch["epoch"] + before} for epoch in second.curve)
        both = {name: first.metrics[name] + second.metrics[name] for name in ADDED if name in second.metrics}
        return replace(second, curve=(*first.curve, *placed), metrics={**second.metrics, **both})

    def _as_it_is(self, model: Any, first: Score, model_file: Path | None) -> Score:
        from nas_cli.training.evaluation import evaluate

        data = self._trainer.dataset
        valid = {f"valid_{name}": value for name, value in evaluate(model, data.validation, data).items()}
        if model_file is not None:
            model.save(model_file)
        value = self._metric(valid)
        return replace(
            first, fitness=-value if data.task == "regression" else value, metrics={**first.metrics, **valid}
        )

    def _of_result(self, model: Any, seed: int) -> dict[str, Any]:
        """How many weights the scored network has, and what noise on its inputs does to it."""
        from nas_cli.models.nonzero import nonzero_weights
        from nas_cli.training.input_noise import noisy_metrics

        data = self._trainer.dataset
        rows = noisy_metrics(model, data.validation, data, self._settings.input_noise, seed)
        noise = [
            {"deviation": row["deviation"], "valid": self._metric({f"valid_{key}": row[key] for key in row})}
            for row in rows
        ]
        return {"nonzero": nonzero_weights(model), "input_noise": noise}

    def _metric(self, metrics: Mapping[str, float]) -> float:
        """The accuracy, or the error in raw units."""
        return metrics["valid_rmse" if self._trainer.dataset.task == "regression" else "valid_accuracy"]


@dataclass(frozen=True, eq=False)
class _Removed:
    model: Any
    block: dict[str, Any]


def _units(model: Any, smaller: Any) -> dict[str, list[int]]:
    """[units before, units after] of each layer of the built network that has a width."""
    left = {layer.name: layer for layer in smaller.layers}
    found = {}
    for layer in model.layers:
        name = WIDTH.get(layer.name.rpartition("_")[0])
        if name is not None:
            after = int(getattr(left[layer.name], name)) if layer.name in left else 0
            found[layer.name] = [int(getattr(layer, name)), after]
    return found


def _described(architecture: Architecture, model: Any, smaller: Any) -> Architecture | None:
    """The architecture of the smaller network; None if it is that asked for, or layers vanished in another way."""
    try:
        made = narrowed(architecture, {name: after for name, (_, after) in _units(model, smaller).items()})
        expected = architecture_cost(made.with_input(model.input_shape[1:]))
    except ConfigError:
        return None
    built = model_cost(smaller)
    return made if (expected.macs, expected.params) == (built.macs, built.params) else None
