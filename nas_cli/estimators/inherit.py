"""The score of an architecture that starts from the weights of the nearest evaluated one."""

from pathlib import Path
from typing import Any, final

from nas_cli.estimators.continuation import continued
from nas_cli.estimators.contract import Donor, Hints, Progress, Score
from nas_cli.estimators.gated import GatedEstimator
from nas_cli.estimators.mixture import with_mixture
from nas_cli.estimators.settings import InheritEstimatorSettings
from nas_cli.spaces.architecture import Architecture


@final
class InheritEstimator(GatedEstimator[InheritEstimatorSettings]):
    """Trains as `TrainEstimator`, but a network with a parent starts from the parent's weights, and for fewer epochs.

    Where function-preserving changes lead from the parent to it, it begins by computing what the parent computes
    (Elsken et al. 2017); where not, the layers that both have in common start from the parent's (`take_overlap`).
    A network without a parent starts from new weights. Weights have thus had the epochs of all ancestors: fitness rises
    along a line of descent also because training goes on.
    """

    def trained(
        self, architecture: Architecture, seed: int, model_file: Path | None, progress: Progress, hints: Hints
    ) -> Score:
        self._trainer.begin(seed)
        model = self._trainer.build(architecture)
        return with_mixture(self._started(model, seed, model_file, progress, hints), architecture, model)

    def _started(self, model: Any, seed: int, model_file: Path | None, progress: Progress, hints: Hints) -> Score:
        """The score of a model with new weights, once it has those that the hints give it."""
        trainer = self._trainer
        if hints.continues is not None:
            return continued(trainer, model, seed, model_file, progress, hints)
        if hints.parent is None:
            return trainer.train(model, seed, model_file, progress, hints, {})
        found = {"inherited": self._inherited(model, hints.parent, hints, seed)}
        epochs = hints.epochs or self._settings.inherited_epochs
        return trainer.train(model, seed, model_file, progress, hints, found, epochs)

    def _inherited(self, model: Any, parent: Donor, hints: Hints, seed: int) -> dict[str, Any]:
        """What the score's extra says: the parent's trial, by how many changes, and how many layers had its weights."""
        from nas_cli.estimators.heirs import grown
        from nas_cli.estimators.overlap import take_overlap
        from nas_cli.models.load import load_model

        given = load_model(parent.file)
        if hints.morphisms:
            layers = grown(given, model, hints.morphisms, seed, self._settings.noise)
        else:
            layers = take_overlap(given, model)
        return {"trial": parent.trial, "morphisms": len(hints.morphisms), "layers": layers}
