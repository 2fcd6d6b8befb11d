"""The score of an architecture after MorphNet has compressed it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, final

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.speedup import pays_off
from nas_cli.data.batches import batches_per_epoch
from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.estimators.settings import MorphEstimatorSettings
from nas_cli.estimators.trainer import Trainer
from nas_cli.spaces.architecture import Architecture
from nas_cli.training.settings import TrainingSettings

BACKWARD = 3.0
"""Forward passes that a training step costs; an evaluation costs one."""

UNCOMPRESSED = {"alive": {}, "sizes": {}, "layer_flops": {}, "ratio": 1.0, "epochs": 0.0, "saved_epochs": 0,
                "seconds": 0.0, "strength": None, "threshold": None, "dead": [], "warnings": []}  # fmt: skip


@final
class MorphEstimator:
    """Compresses every network with MorphNet, trains what is left of it and scores that.

    Strategy B of the CoDeepNEAT/MorphNet thesis (section 3.4, Algorithm 1): genotypes stay as they are, fitness comes
    from the compressed networks. Training is that of `TrainEstimator`; compression has the settings' own length.
    """

    def __init__(
        self,
        settings: MorphEstimatorSettings,
        training: TrainingSettings,
        augmentation: AugmentationSettings,
        prepared: Path,
    ) -> None:
        self._settings = settings
        self._trainer = Trainer(settings, training, augmentation, prepared)

    def estimate(
        self,
        architecture: Architecture,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        trainer = self._trainer
        trainer.begin(seed)
        model = trainer.build(architecture)
        extra = dict(trainer.inherit(model, hints))
        reason = self._reason_to_skip(hints)
        if reason is not None:
            asked = architecture.with_input(trainer.dataset.input_shape)
            extra["compression"] = {"skipped": True, "reason": reason, **_uncompressed(asked)}
            return trainer.train(model, seed, model_file, progress, hints, extra)
        trained, survivors, extra["compression"], times = self._compressed(architecture, model, seed)
        del model
        trainer.begin(seed)
        model, epochs = trainer.build(trained), None
        if survivors is not None:
            _survive(model, survivors)
            epochs = trainer.training.epochs - self._saved_epochs()
        elif _same_nodes(architecture, trained):
            extra |= trainer.inherit(model, hints)
        score = trainer.train(model, seed, model_file, progress, hints, extra, epochs)
        return replace(score, trained=trained, metrics=_with_times(score.metrics, times))

    def test(self, model_file: Path) -> Mapping[str, float]:
        return self._trainer.test(model_file)

    def _reason_to_skip(self, hints: Hints) -> str | None:
        if not hints.compress:
            return "not in this generation"
        if not self._settings.skip or hints.ratio is None or self._gains(hints.ratio):
            return None
        return f"no gain expected at a ratio of {hints.ratio:.3f}"

    def _gains(self, ratio: float) -> bool:
        """True if the thesis' model predicts a speed-up where compression divides the FLOPs by `ratio`.

        Passes over the images stand for the times per FLOP, so that the answer is the same on every day: a training
        image costs BACKWARD passes, and ours evaluates after every epoch. Compression epochs that replace training
        epochs (surviving weights) cost nothing more.
        """
        trainer, epochs = self._trainer, self._trainer.training.epochs
        training = BACKWARD * len(trainer.dataset.train) * trainer.augmentation.copies
        evaluation = epochs * len(trainer.dataset.validation) / training
        saved = self._saved_epochs()
        extra = self._compression_epochs() - saved
        if extra <= 0:
            return ratio > 1.0
        return pays_off(epochs - saved, extra, ratio ** (1 / extra), evaluation)

    def _saved_epochs(self) -> int:
        """Training epochs that the compression replaces: whole ones, and at least one is left."""
        if self._settings.weights == "scratch":
            return 0
        return min(int(self._compression_epochs()), self._trainer.training.epochs - 1)

    def _compression_epochs(self) -> float:
        """k: epochs of compression over the training split, all tried multipliers together."""
        morph, trainer = self._settings.morph, self._trainer
        steps = batches_per_epoch(len(trainer.dataset.train), trainer.training.batch_size, trainer.augmentation.copies)
        epochs = morph.epochs if morph.steps is None else morph.steps / steps
        return epochs * len(morph.multipliers or (morph.multiplier,))

    def _compressed(
        self, architecture: Architecture, model: Any, seed: int
    ) -> tuple[Architecture, Any, dict[str, Any], Mapping[str, float]]:
        """The compressed architecture, the network with the surviving weights if they are wanted, what the journal
        says of the compression, and its times."""
        from nas_cli.estimators.layer_counts import layer_counts
        from nas_cli.morph.architecture import compressed
        from nas_cli.morph.compress import compress
        from nas_cli.morph.shrunk import smaller

        trainer, settings = self._trainer, self._settings
        data, training, augmentation = trainer.dataset, trainer.training, trainer.augmentation
        found = compress(model, data, settings.morph, training, augmentation, seed, validate=False)
        survivors = smaller(model, found, seed) if settings.weights == "surviving" else None
        counts, shape = layer_counts(architecture, model, found), trainer.dataset.input_shape
        # Sizes, not what the masks leave: they contain the expansion.
        trained = compressed(architecture, replace(found, widths=counts["sizes"]))
        before, after = (architecture_cost(one.with_input(shape)).flops for one in (architecture, trained))
        block = {
            "skipped": False,
            **counts,
            "flops_before": before,
            "flops_after": after,
            "ratio": before / max(1, after),
            "epochs": self._compression_epochs(),
            "saved_epochs": self._saved_epochs(),
            "seconds": found.seconds,
            "strength": found.strength,
            "threshold": found.threshold,
            "dead": list(found.dead),
            "warnings": list(found.warnings),
        }
        times = {"compress_seconds": found.seconds, "compile_seconds": found.compile_seconds}
        return trained, survivors, block, times


def _same_nodes(one: Architecture, other: Architecture) -> bool:
    return [node.op for node in one.nodes] == [node.op for node in other.nodes]


def _survive(model: Any, survivors: Any) -> None:
    from nas_cli.estimators.weights import take_surviving

    wanted = sum(bool(layer.weights) for layer in model.layers)
    taken = take_surviving(model, survivors)
    if taken != wanted:
        raise ConfigError(f"only {taken} of {wanted} layers have surviving weights: use estimator.weights=scratch.")


def _uncompressed(architecture: Architecture) -> dict[str, Any]:
    flops = architecture_cost(architecture).flops
    return {**UNCOMPRESSED, "flops_before": flops, "flops_after": flops}


def _with_times(metrics: Mapping[str, float], times: Mapping[str, float]) -> Mapping[str, float]:
    """The metrics of a scored network with the times of its compression; a failed one's stay as they are."""
    if not metrics:
        return metrics
    compile_seconds = metrics["compile_seconds"] + times["compile_seconds"]
    return {**metrics, "compress_seconds": times["compress_seconds"], "compile_seconds": compile_seconds}
