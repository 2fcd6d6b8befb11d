"""The trainings of a comparison, as plain values: which optimizer, at which rate, from which beginning."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nas_cli.bench.settings import BenchSettings
from nas_cli.errors import ConfigError
from nas_cli.runs.seeds import trial_seed
from nas_cli.training.settings import OptimizerSettings, TrainingSettings

SHARED, TUNED, TUNING = "shared", "tuned", "tuning"
GLOROT = "glorot_uniform"
"""What every layer of the project's networks is drawn from, unless an initializer is named."""

TUNING_SEED = 10**6
"""The number of the beginning that rates are chosen from: none of those that are compared."""


@dataclass(frozen=True)
class Training:
    """One training. `protocol`: shared, tuned, or tuning (of a rate); `seed`: number of the beginning, from 0.

    Trainings of one seed begin with the same weights, for the same initializer, and see the examples in the same
    order, for the same batch size: they differ in pairs.
    """

    protocol: str
    optimizer: str
    rate: float
    seed: int
    batch_size: int
    initializer: str
    epochs: int

    @property
    def name(self) -> str:
        """A name of its own within a run, fit for a folder."""
        parts = [self.protocol, self.optimizer, f"{self.rate:g}", str(self.batch_size), self.initializer]
        return "-".join([*parts, *([] if self.protocol == TUNING else [str(self.seed)])])

    def block(self) -> dict[str, Any]:
        """What an event says of it."""
        return {"training": self.name, **asdict(self)}


@dataclass(frozen=True)
class Plan:
    """Everything that is trained but for the rates that tuning finds.

    `usual`: each optimizer's settings with its usual rate. `training`: of every training, but for optimizer, epochs
    of tuning, and batch size of the rows that vary it.
    """

    bench: BenchSettings
    training: TrainingSettings
    usual: Mapping[str, OptimizerSettings]
    seed: int

    @property
    def protocols(self) -> tuple[str, ...]:
        """shared, tuned, or both in this order."""
        return (SHARED, TUNED) if self.bench.protocol == "both" else (self.bench.protocol,)

    def rates(self, optimizer: str) -> tuple[float, ...]:
        """The grid from which an optimizer's own rate is chosen, in ascending order."""
        usual = self.usual[optimizer].learning_rate
        return tuple(sorted(float(f"{usual * factor:.6g}") for factor in self.bench.rate_factors))

    def tuning(self, optimizer: str, rate: float) -> Training:
        """The training that tells how good a rate is."""
        epochs = min(self.bench.tune_epochs, self.training.epochs)
        return Training(TUNING, optimizer, rate, TUNING_SEED, self.training.batch_size, GLOROT, epochs)

    def compared(self, protocol: str, rates: Mapping[str, float]) -> list[Training]:
        """The trainings of a protocol, seed by seed; an optimizer without a rate has none."""
        found = []
        for seed in range(self.bench.seeds):
            for optimizer, batch_size, initializer in self.rows:
                if optimizer in rates:
                    rate, epochs = rates[optimizer], self.training.epochs
                    found.append(Training(protocol, optimizer, rate, seed, batch_size, initializer, epochs))
        return found

    @property
    def rows(self) -> tuple[tuple[str, int, str], ...]:
        """(optimizer, batch size, initializer) of every row of a protocol: the optimizers, then what is varied."""
        usual = self.training.batch_size
        found = [(optimizer, usual, GLOROT) for optimizer in self.bench.optimizers]
        found += [(self.bench.vary, size, GLOROT) for size in self.bench.batch_sizes]
        found += [(self.bench.vary, usual, name) for name in self.bench.initializers]
        return tuple(dict.fromkeys(found))

    def training_seed(self, training: Training) -> int:
        """The seed of weights and order: of the run's seed and the number of the beginning, of nothing else."""
        return trial_seed(self.seed, training.seed)

    def check_batches(self, examples: int) -> None:
        """
        Raises:
            ConfigError: a batch is larger than the training split of `examples`.
        """
        for size in (self.training.batch_size, *self.bench.batch_sizes):
            if size > examples:
                raise ConfigError(
                    f"batch size {size} is more than the {examples:,} training examples: "
                    f"{examples} makes every step one on all of them."
                )

    def images(self, train: int, validation: int, test: int) -> tuple[float, float]:
        """How many examples are trained on, and how many only looked at, if no rate is tried beyond the grids."""
        tuned = len(self.bench.optimizers) * len(self.bench.rate_factors) * (TUNED in self.protocols)
        tuning = tuned * min(self.bench.tune_epochs, self.training.epochs)
        epochs = len(self.protocols) * self.bench.seeds * len(self.rows) * self.training.epochs
        return tuning * train + epochs * (train + validation), tuning * validation + epochs * test
