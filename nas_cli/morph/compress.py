"""MorphNet's shrinking phase: train with the regularizer, then choose the channels that stay."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.latency import Device
from nas_cli.costs.target_device import target_device
from nas_cli.data.batches import batches_per_epoch
from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import OneProcess, Ring
from nas_cli.errors import ConfigError, RunError
from nas_cli.morph.compression import Compression
from nas_cli.morph.expand import expand
from nas_cli.morph.length import phase_length, tried_multipliers
from nas_cli.morph.penalty import MorphNetPenalty
from nas_cli.morph.relevance import Relevance
from nas_cli.morph.selection import Candidates, Selection, select
from nas_cli.morph.settings import MorphSettings
from nas_cli.morph.verdict import Evidence, warnings
from nas_cli.surgery.channels import Channels, find_channels
from nas_cli.surgery.cost import predicted
from nas_cli.surgery.keep import kept_units
from nas_cli.surgery.layer_terms import COUNTED
from nas_cli.surgery.resource import resource
from nas_cli.surgery.survival import survive
from nas_cli.training.fit import fit
from nas_cli.training.result import Epoch, FitResult
from nas_cli.training.settings import ScheduleSettings, TrainingSettings

__all__ = ["Compression", "compress"]

CONSTANT = ScheduleSettings(name="constant", warmup=0.0, final_fraction=None, factor=None, milestones=None)
Report = Callable[[Mapping[str, Any]], None]


def compress(
    model: Any,
    dataset: Dataset,
    settings: MorphSettings,
    training: TrainingSettings,
    augmentation: AugmentationSettings,
    seed: int,
    *,
    progress: Report | None = None,
    checkpoints: Path | None = None,
    validate: bool = True,
    ring: Ring | None = None,
    device: Device | None = None,
) -> Compression:
    """Trains `model` in place with MorphNet's regularizer and says which channels are to stay; removes none.

    The phase has the settings' length and a constant learning rate; the rest of the training is as `training` says.
    With several multipliers each starts from the weights that the model came with, and the model ends with those of
    the one taken: whose living units cost nearest to the wanted share, of equally near ones the one that moved most.
    `progress` gets every epoch of `fit` and phase ('shrink'), multiplier, alive and channels (units over their
    thresholds, and all that can be removed), cost (of the target) and flops of the living units. With `checkpoints`,
    a folder, a call on the same folder with the same arguments continues as `fit` does; epochs from before have no
    living units in the curve. Without `validate` there are no validation values, and a trace less. Output layers and
    other fixed groups are not among the channels. All processes of a `ring` make the same call and get the same
    result; only rank 0 calls `progress`. A latency target is that of `device`; None takes the settings' own, which is
    measured now if it is this machine. Test examples are not read.

    Raises:
        ConfigError: a model whose layers are not known or that has nothing to remove; a device that is not known;
            with min_channels=0, a strength that leaves no way through the network.
        RunError: the loss is no longer finite.
    """
    began = time.perf_counter()
    together = ring or OneProcess()
    timed = device or target_device(settings.target, settings.device, together)
    job = _Job(model, dataset, settings, training, augmentation, seed, progress, checkpoints, validate, together, timed)
    tried = [job.shrink(multiplier) for multiplier in tried_multipliers(settings)]
    wanted = (1 - (settings.reduction or 0.0)) * job.whole
    taken = min(tried, key=lambda phase: (phase.distance(wanted), -phase.relevance_lost))
    job.restore(taken.weights)
    return job.compression(taken, tried, began)


@dataclass(frozen=True, eq=False)
class Phase:
    """One shrinking phase that is over; `scores` are the relative relevances that a wanted reduction goes by.

    `cost`: of the units `alive` at its end; `cost_at_start` likewise. `relevance_lost`: the share by which the
    relevance, weighted by cost, has fallen.
    """

    multiplier: float
    strength: float
    result: FitResult
    curve: tuple[Mapping[str, Any], ...]
    alive: NDArray[np.bool_]
    scores: NDArray[np.float64]
    relevance: Relevance
    cost_at_start: float
    cost: float
    relevance_lost: float
    weights: list[NDArray[Any]] | None

    def distance(self, wanted: float) -> float:
        """How far its cost is from the wanted one, on a logarithmic scale."""
        return abs(math.log(max(self.cost, 1e-9 * wanted) / wanted))


class _Job:
    """What all phases of one call share."""

    def __init__(
        self,
        model: Any,
        dataset: Dataset,
        settings: MorphSettings,
        training: TrainingSettings,
        augmentation: AugmentationSettings,
        seed: int,
        progress: Report | None,
        checkpoints: Path | None,
        validate: bool,
        ring: Ring,
        device: Device | None,
    ) -> None:
        self._model, self._dataset, self._settings = model, dataset, settings
        self._augmentation, self._seed = augmentation, seed
        self._progress, self._checkpoints, self._validate, self._ring = progress, checkpoints, validate, ring
        self._channels = find_channels(model)
        self._resource = resource(settings.target, self._channels, device)
        self._flops = resource("flops", self._channels)
        self.whole = self._resource.cost(np.ones(self._channels.units, bool))
        self._training = self._phase_training(training)
        self._initial = self._copy() if len(tried_multipliers(settings)) > 1 else None

    def _phase_training(self, training: TrainingSettings) -> TrainingSettings:
        """The settings of the phase as `fit` takes them."""
        settings = self._settings
        optimizer = replace(
            training.optimizer, learning_rate=settings.learning_rate or training.optimizer.learning_rate
        )
        batch = training.batch_size * self._ring.begun
        batches = batches_per_epoch(len(self._dataset.train), batch, self._augmentation.copies)
        self._length = phase_length(settings, batches)
        return replace(
            training,
            epochs=self._length.epochs,
            optimizer=optimizer,
            schedule=CONSTANT,
            patience=None,
            restore_best=False,
        )

    def shrink(self, multiplier: float) -> Phase:
        """Trains with one multiplier from the weights that the model came with."""
        self.restore(self._initial)
        relevance = Relevance(self._channels, self._settings)
        settings = replace(self._settings, multiplier=multiplier)
        penalty = MorphNetPenalty(self._channels, self._resource, settings, relevance)
        start, before = relevance.living(), relevance.scores()
        weights = self._resource.weights(start)
        result, curve = self._fit(penalty, multiplier)
        if result.stopped == "diverged":
            raise RunError(
                f"the loss is no longer finite after {len(curve)} epochs of shrinking: lower morph.learning_rate "
                f"({self._training.optimizer.learning_rate:g}) or morph.multiplier ({multiplier:g})."
            )
        alive = relevance.living()
        return Phase(
            multiplier=multiplier,
            strength=penalty.strength,
            result=result,
            curve=curve,
            alive=alive,
            scores=relevance.relative(self._channels),
            relevance=relevance,
            cost_at_start=self._resource.cost(start),
            cost=self._resource.cost(alive),
            relevance_lost=1 - float(weights @ relevance.scores()) / max(float(weights @ before), 1e-30),
            weights=None if self._initial is None else self._copy(),
        )

    def _fit(self, penalty: MorphNetPenalty, multiplier: float) -> tuple[FitResult, tuple[Mapping[str, Any], ...]]:
        """The result and its curve, with the living units where they are known."""
        states: dict[float, Mapping[str, Any]] = {}

        def watch(epoch: Epoch) -> None:
            states[epoch["epoch"]] = self._state(penalty.relevance, multiplier)
            if self._progress is not None:
                self._progress({**epoch, **states[epoch["epoch"]]})

        result = fit(
            self._model,
            self._dataset,
            self._training,
            self._augmentation,
            self._seed,
            penalty=penalty,
            progress=watch,
            checkpoints=None if self._checkpoints is None else self._checkpoints / f"multiplier-{multiplier:g}",
            max_steps=None if self._settings.steps is None else self._length.steps,
            validate=self._validate,
            ring=self._ring,
        )
        if result.curve:
            states.setdefault(result.curve[-1]["epoch"], self._state(penalty.relevance, multiplier))
        unknown = {"phase": "shrink", "multiplier": multiplier}
        return result, tuple({**epoch, **states.get(epoch["epoch"], unknown)} for epoch in result.curve)

    def _state(self, relevance: Relevance, multiplier: float) -> dict[str, Any]:
        alive, mortal = relevance.living(), ~relevance.immortal
        return {
            "phase": "shrink",
            "multiplier": multiplier,
            "alive": int(alive[mortal].sum()),
            "channels": int(mortal.sum()),
            "cost": self._resource.cost(alive),
            "flops": self._flops.cost(alive),
        }

    def compression(self, phase: Phase, tried: list[Phase], began: float) -> Compression:
        """The outcome of the phase that is taken."""
        settings, channels = self._settings, self._channels
        candidates = Candidates(channels, phase.alive, phase.scores, phase.relevance.immortal)
        selection = select(candidates, self._resource, settings)
        kept = self._surviving(selection, phase)
        groups = [group for group in channels.groups if group.fixed is None]
        keep = {group.name: kept[group.units] for group in groups}
        omega, sizes = None, {name: int(mask.sum()) for name, mask in keep.items()}
        if settings.expand is not None:
            limit = settings.expand * self.whole
            omega, sizes = expand(channels, keep, self._resource, limit, settings.round_to)
        alive = {group.name: int(phase.alive[group.units].sum()) for group in groups}
        before, after = predicted(channels, {}), predicted(channels, keep)
        cost = self._resource.cost(kept)
        return Compression(
            keep=keep,
            alive=alive,
            sizes=sizes,
            widths=widths(channels, kept, sizes),
            dead=tuple(name for name, count in alive.items() if not count),
            cost_before=self.whole,
            cost_after=cost,
            flops_before=before.flops,
            flops_after=after.flops,
            params_before=before.params,
            params_after=after.params,
            strength=phase.strength,
            multiplier=phase.multiplier,
            threshold=_threshold(selection, settings, phase.relevance),
            omega=omega,
            curve=tuple(epoch for one in tried for epoch in one.curve),
            seconds=time.perf_counter() - began,
            compile_seconds=sum(one.result.compile_seconds for one in tried),
            warnings=warnings(settings, self._evidence(phase, selection, cost, omega)),
        )

    def _surviving(self, selection: Selection, phase: Phase) -> NDArray[np.bool_]:
        """The units that really stay: those of a branch that leads nowhere any more go too."""
        if self._settings.min_channels:
            return kept_units(self._channels, selection.keep)
        try:
            survival = survive(self._channels, selection.keep)
        except ConfigError as error:
            raise ConfigError(
                f"the strength {phase.strength:.3g} (morph.multiplier={phase.multiplier:g}) cuts the network: {error} "
                "Lower morph.multiplier or set morph.min_channels=1."
            ) from error
        kept = np.zeros(self._channels.units, bool)
        kept[self._channels.traced.numbers] = survival.alive
        return kept

    def _evidence(self, phase: Phase, selection: Selection, cost: float, omega: float | None) -> Evidence:
        groups = [group for group in self._channels.groups if group.fixed is None]
        return Evidence(
            multiplier=phase.multiplier,
            steps=self._length.steps * len(phase.curve),
            channels=int((~phase.relevance.immortal).sum()),
            learning_rate=self._training.optimizer.learning_rate,
            out_of_time=phase.result.stopped == "out_of_time",
            alive_at_start=phase.cost_at_start / self.whole,
            alive=phase.cost / self.whole,
            relevance_lost=phase.relevance_lost,
            selected=cost / self.whole,
            reached=selection.reached,
            omega=omega,
            dead=[group.name for group in groups if not phase.alive[group.units].any()],
            undone=phase.relevance.undone(self._channels),
        )

    def restore(self, weights: list[NDArray[Any]] | None) -> None:
        """Gives the model these weights; None leaves it as it is."""
        for variable, value in zip(self._model.variables, weights or (), strict=weights is not None):
            variable.assign(value)

    def _copy(self) -> list[NDArray[Any]]:
        return [np.array(variable) for variable in self._model.variables]


def widths(channels: Channels, kept: NDArray[np.bool_], sizes: Mapping[str, int]) -> dict[str, int]:
    """Output channels of each convolution and dense layer: those kept, and those that growth adds."""
    added = np.zeros(channels.units)
    for group in channels.groups:
        if group.fixed is None:
            added[group.units] = (sizes[group.name] - kept[group.units].sum()) / len(group.units)
    layers = [layer for layer in channels.layers if layer.kind in COUNTED]
    return {layer.path: int(kept[layer.outputs].sum() + round(added[layer.outputs].sum())) for layer in layers}


def _threshold(selection: Selection, settings: MorphSettings, relevance: Relevance) -> float:
    if selection.threshold is not None:
        return selection.threshold
    return settings.gamma_threshold if relevance.has_gammas else settings.norm_threshold
