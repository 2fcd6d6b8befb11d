"""A search with compression, inheritance and everything that later generations take from earlier ones, on fakes."""

import random
from pathlib import Path

from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.estimators.layer_counts import with_widths
from nas_cli.runs.folder import RunFolder
from nas_cli.search.economies import Economies
from nas_cli.search.loop import run_search
from nas_cli.spaces.architecture import Architecture
from nas_cli.strategies.codeepneat.strategy import CoDeepNEAT
from nas_cli.strategies.contract import Outcome, Proposal
from tests.search.fakes import START, FakeEstimator
from tests.spaces.configured import space
from tests.strategies.codeepneat.configured import make

EVERYTHING = Economies(cache=True, reuse=True, stop_early=True)


class FakeMorph(FakeEstimator):
    """A score, a smaller network and a 'trained network' that depend on everything an estimator is given.

    The file holds a text made from architecture, seed, hints and the donors' texts: so one changed donor changes all
    its descendants. Some networks fail.
    """

    def estimate(
        self,
        architecture: Architecture,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        donors = [(donor.file.read_text(), donor.trial, sorted(donor.layers.items())) for donor in hints.donors]
        dice = random.Random(f"{architecture.digest()}/{seed}/{hints.compress}/{hints.bar}/{hints.ratio}/{donors}")
        if dice.random() < 0.2:
            raise ValueError("unlucky")
        names = [f"conv2d_{i}" for i, n in enumerate(architecture.nodes) if n.op == "conv2d"]
        alive = {name: dice.choice([0, 3, 9]) for name in names}
        sizes = {name: max(1, count) for name, count in alive.items()}
        trained = with_widths(architecture, sizes) if hints.compress else None
        block = {"skipped": not hints.compress, "alive": alive, "sizes": sizes, "layer_flops": sizes,
                 "flops_before": 20, "flops_after": 10, "ratio": 1 + dice.random(), "seconds": random.random(),
                 "epochs": 1, "dead": []}  # fmt: skip
        if model_file is not None:
            model_file.write_text(f"{len(names)} {dice.randrange(10**9)}")
        # Coarse, so that there are equals.
        fitness = dice.randrange(6) / 8
        metrics = {"valid_accuracy": fitness, "train_seconds": random.random(), "epochs": 2.0}
        return Score(fitness, metrics, extra={"compression": block}, trained=trained)


class Recorded:
    """CoDeepNEAT with small populations that keep their elites; `outcomes` are those it was told."""

    def __init__(self, inheritance: str = "modules", compress_every: int = 2) -> None:
        tiny = space(max_blueprint_nodes=3, module_species=2, extra_links=0.5)
        self._search: CoDeepNEAT = make(
            5, space=tiny, generations=4, population=4, inheritance=inheritance, compress_every=compress_every,
            modules={"population": 4, "species": 2, "elitism": 2}, blueprints={"population": 3, "elitism": 2},
        )  # fmt: skip
        self.inherits = inheritance == "modules"
        self.outcomes: list[Outcome] = []

    def ask(self) -> list[Proposal]:
        return list(self._search.ask())

    def tell(self, outcomes: list[Outcome]) -> None:
        self.outcomes += outcomes
        self._search.tell(outcomes)

    def describe(self) -> object:
        return self._search.describe()


def cost_of(architecture: Architecture) -> dict[str, float]:
    widths = [n["filters"] for n in architecture.nodes if n.op == "conv2d"]
    return {"macs": sum(widths), "flops": 2 * sum(widths), "params": len(widths)}


def morph_search(run: RunFolder, evaluator: object, strategy: object = None, economies: Economies = EVERYTHING) -> dict:
    return run_search(run, strategy or Recorded(), evaluator, cost_of, 5, START, economies=economies)  # type: ignore[arg-type]


def timeless(run: RunFolder) -> list:
    """The trial events by number, without what differs between two runs of the same trial."""
    trials = sorted((event for event in run.events() if event["event"] == "trial"), key=lambda event: event["id"])
    return [_without(event) for event in trials]


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items() if not key.endswith(("seconds", "time", "worker"))}
    return [_without(item) for item in value] if isinstance(value, list) else value
