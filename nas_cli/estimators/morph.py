"""The score of an architecture after MorphNet has compressed it."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, final

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.speedup import pays_off
from nas_cli.data.batches import batches_per_epoch
from nas_cli.errors import ConfigError, NasError
from nas_cli.estimators.contract import Hints, Progress, Score
from nas_cli.estimators.gated import GatedEstimator
from nas_cli.estimators.layer_counts import layer_counts, same_layers
from nas_cli.estimators.settings import MorphEstimatorSettings
from nas_cli.morph.length import compression_epochs, phase_length
from nas_cli.spaces.architecture import Architecture

BACKWARD = 3.0
"""Forward passes that a training step costs; an evaluation costs one."""

UNCOMPRESSED = {"alive": {}, "sizes": {}, "layer_flops": {}, "ratio": 1.0, "epochs": 0.0, "saved_epochs": 0,
                "seconds": 0.0, "strength": None, "threshold": None, "dead": [], "warnings": []}  # fmt: skip


@final
class MorphEstimator(GatedEstimator[MorphEstimatorSettings]):
    """Compresses every network with MorphNet, trains what is left of it and scores that.

    Strategy B of the CoDeepNEAT/MorphNet thesis (section 3.4, Algorithm 1): genotypes stay as they are, fitness comes
    from the compressed networks. Training is that of `TrainEstimator`; compression has the settings' own length.
    A trial that is to continue another one compresses and trains anew, with its larger budget: the smaller budget's
    compression was of a network that had yet to be trained.
    """

    def trained(
        self, architecture: Architecture, seed: int, model_file: Path | None, progress: Progress, hints: Hints
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
        began = time.perf_counter()
        try:
            trained, survivors, extra["compression"], times = self._compressed(architecture, model, seed, hints)
        except NasError as error:
            spent = {"compress_seconds": time.perf_counter() - began}
            return Score(None, metrics=spent, failure=str(error), extra=extra)
        del model
        trainer.begin(seed)
        model, epochs = trainer.build(trained), None
        if survivors is not None:
            _survive(model, survivors)
            epochs = trainer.budget(hints) - self._saved_epochs(hints)
        elif same_layers(architecture, trained):
            extra |= trainer.inherit(model, hints)
        score = trainer.train(model, seed, model_file, progress, hints, extra, epochs)
        return replace(score, trained=trained, metrics=_with_times(score.metrics, times))

    def _reason_to_skip(self, hints: Hints) -> str | None:
        if not hints.compress:
            return "not in this generation"
        if not self._settings.skip or hints.ratio is None or self._gains(hints.ratio, self._trainer.budget(hints)):
            return None
        return f"no gain expected at a ratio of {hints.ratio:.3f}"

    def _gains(self, ratio: float, epochs: int) -> bool:
        """True if the thesis' model predicts a speed-up where compression divides the FLOPs by `ratio`.

        Passes over the images stand for the times per FLOP, so that the answer is the same on every day: a training
        image costs BACKWARD passes, and ours evaluates after every epoch.
        """
        trainer = self._trainer
        training = BACKWARD * len(trainer.dataset.train) * trainer.augmentation.copies
        evaluation = epochs * len(trainer.dataset.validation) / training
        k = compression_epochs(self._settings.morph, self._batches())
        return pays_off(epochs, k, ratio ** (1 / k), evaluation)

    def _saved_epochs(self, hints: Hints) -> int:
        """Training epochs that the surviving weights have had in the compression: whole ones, and one is left to do.

        Of several multipliers those of one, for the weights are those of the one that was taken.
        """
        if self._settings.weights == "scratch":
            return 0
        passes = phase_length(self._settings.morph, self._batches()).passes
        return min(int(passes), self._trainer.budget(hints) - 1)

    def _batches(self) -> int:
        trainer = self._trainer
        return batches_per_epoch(len(trainer.dataset.train), trainer.training.batch_size, trainer.augmentation.copies)

    def _compressed(
        self, architecture: Architecture, model: Any, seed: int, hints: Hints
    ) -> tuple[Architecture, Any, dict[str, Any], Mapping[str, float]]:
        """The compressed architecture, the network with the surviving weights if they are wanted, what the journal
        says of the compression, and its times."""
        from nas_cli.morph.architecture import compressed
        from nas_cli.morph.compress import compress
        from nas_cli.morph.shrunk import smaller

        trainer, settings = self._trainer, self._settings
        data, training, augmentation = trainer.dataset, trainer.training, trainer.augmentation
        found = compress(model, data, settings.morph, training, augmentation, seed, validate=False, ring=trainer.ring)
        survivors = smaller(model, found, seed) if settings.weights == "surviving" else None
        counts, shape = layer_counts(architecture, model, found), trainer.dataset.input_shape
        trained = compressed(architecture, found)
        before, after = (architecture_cost(one.with_input(shape)).flops for one in (architecture, trained))
        block = {
            "skipped": False,
            **counts,
            "flops_before": before,
            "flops_after": after,
            "ratio": before / max(1, after),
            "epochs": compression_epochs(settings.morph, self._batches()),
            "saved_epochs": self._saved_epochs(hints),
            "seconds": found.seconds,
            "strength": found.strength,
            "threshold": found.threshold,
            "dead": list(found.dead),
            "warnings": list(found.warnings),
        }
        times = {"compress_seconds": found.seconds, "compile_seconds": found.compile_seconds}
        return trained, survivors, block, times


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
    """The metrics of a network, which may have failed, with the times of its compression."""
    compile_seconds = metrics.get("compile_seconds", 0.0) + times["compile_seconds"]
    return {**metrics, "compress_seconds": times["compress_seconds"], "compile_seconds": compile_seconds}
