"""Runs, or goes on with, the experiment on the relevance of parameters, and writes results/relevance/.

    python scripts/reproduce_relevance.py                                # three data sets, all arms
    python scripts/reproduce_relevance.py --datasets boston --arms first,first_ard,handmade --repeats 3
    python scripts/reproduce_relevance.py --jobs 1                       # one run at a time
    python scripts/reproduce_relevance.py --report                       # tables from what is there

Every run is a `nas search` of its own (of the graph chosen by hand a `nas train`) under
results/runs/relevance/<data set>/<arm>-<number>, resumed if it was interrupted, left alone if it is complete. The
number is the seed, and on Boston housing also the split. Two runs go on at a time, with one thread each, so that their
times are those of one core. Afterwards each network is scored on validation data with noisy inputs.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from resumable_runs import ROOT, Run, add_places, carry_out, ended, names, replaced, shown

from nas_cli.config import SearchConfig, from_plain, load_config
from nas_cli.data.prepare import prepare
from nas_cli.data.sources import data_dir
from nas_cli.reports.experiments.relevance import build_relevance
from nas_cli.reports.experiments.relevance_runs import ARD, ARMS, DATASETS, HANDMADE, NOISE
from nas_cli.runs.files import write_atomic
from nas_cli.runs.folder import open_run
from nas_cli.schema import plain
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.dag_network import NONE, Edge, edge_name

RUNS = ROOT / "results" / "runs" / "relevance"
OUT = ROOT / "results" / "relevance"
REPEATS = {"boston": 10, "mnist": 3, "cifar10": 3}

ONE_CORE = ("resources.workers=1", "resources.threads=1")
ONE_SEARCH = ("strategy.searches=1", "strategy.random=0")
"""The arm of random graphs has runs of its own."""

STRATEGIES: Mapping[str, tuple[str, ...]] = {
    "first": ("strategy.order=1", *ONE_SEARCH),
    "second": ("strategy.order=2", *ONE_SEARCH),
    "dirichlet": ("strategy.prior.name=dirichlet", "strategy.prior.weight=0.03", *ONE_SEARCH),
    "gumbel_softmax": (
        "strategy.structure.relaxation=gumbel_softmax",
        "strategy.prior.name=gumbel_softmax",
        *ONE_SEARCH,
    ),
    "random": ("strategy=random", "strategy.generations=1", "strategy.population=4"),
}
GAUSSIAN = "strategy.relevance.name=ard"

SIZES: Mapping[str, tuple[str, ...]] = {
    "boston": ("strategy.epochs=200", "strategy.batch_size=32", "strategy.alpha.learning_rate=0.01"),
    "mnist": ("strategy.epochs=8", "strategy.alpha.learning_rate=0.03"),
    "cifar10": ("strategy.epochs=8", "strategy.alpha.learning_rate=0.03"),
}
"""Of the searches; the experiments' files hold what the other arms have too.

Steps times rate of the structure are 4 to 10, as in the DARTS paper (6): after a tenth of that no edge has decided for
an operation.
"""

VECTOR_HAND: Mapping[Edge, str] = {(0, 1): "dense_relu", (1, 2): "dense_relu", (2, 3): "dense_relu"}
"""Three hidden layers behind the affine stem."""

IMAGE_HAND: Mapping[Edge, str] = {
    (0, 1): "conv_3x3", (1, 2): "conv_3x3", (0, 2): "identity", (2, 3): "conv_3x3", (3, 4): "conv_3x3",
    (2, 4): "identity",
}  # fmt: skip
"""Two residual blocks of two convolutions each, as in ResNet."""

DEVIATIONS = (0.0, 0.1, 0.3)


def runs(dataset: str, arm: str, number: int, folder: Path, further: Sequence[str] = ()) -> Run:
    """One run of an arm."""
    path, seed = folder / dataset / f"{arm}-{number}", [f"seed={number}"]
    seed += [f"dataset.split_seed={number}"] if dataset == "boston" else []
    if arm == HANDMADE:
        file = folder / dataset / "handmade.json"
        words = ["train", "--model", str(file), "threads=1", *training_overrides(dataset)]
        return Run(path, replaced(replaced(words, seed), _of_training(further)))
    name = arm.removesuffix(ARD)
    words = [*STRATEGIES[name], *(() if name == "random" else SIZES[dataset])]
    if arm.endswith(ARD):
        words += ["estimator=relevance", *(() if name == "random" else (GAUSSIAN,))]
    words = ["search", "--experiment", f"relevance_{dataset}", *words, *ONE_CORE, *seed]
    return Run(path, replaced(words, further))


def _of_training(further: Sequence[str]) -> list[str]:
    """Those that a training has too."""
    return [word for word in further if word.startswith(("training.", "dataset"))]


def training_overrides(dataset: str) -> list[str]:
    """The data and the training of the experiment, for `nas train`."""
    config = plain(load_config("search", [f"experiment=relevance_{dataset}"]))
    groups = {"dataset": config["dataset"], "training": config["training"]}
    return [f"dataset={dataset}", *(word for name, values in groups.items() for word in _leaves(name, values))]


def _leaves(prefix: str, values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        if key == "name":
            continue
        if isinstance(value, Mapping):
            yield from [f"{prefix}.{key}={value['name']}"] if "name" in value else []
            yield from _leaves(f"{prefix}.{key}", value)
        elif not isinstance(value, list | tuple):
            word = "null" if value is None else str(value).lower() if isinstance(value, bool) else value
            yield f"{prefix}.{key}={word}"


def write_handmade(dataset: str, folder: Path) -> Path:
    """The file of the graph chosen by hand, as `nas train --model` reads it."""
    config: SearchConfig = load_config("search", [f"experiment=relevance_{dataset}"])
    settings: Any = config.space
    shape, outputs = {"boston": ((13,), 1), "mnist": ((28, 28, 1), 10), "cifar10": ((32, 32, 3), 10)}[dataset]
    space = DagSpace(settings, shape, outputs)
    chosen = VECTOR_HAND if dataset == "boston" else IMAGE_HAND
    genotype = space.decode({edge_name(edge): chosen.get(edge, NONE) for edge in space.edges})
    file = folder / dataset / "handmade.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, json.dumps(space.architecture(genotype).to_json()).encode("utf-8"))
    return file


def measure_noise(path: Path, command: str) -> None:
    """Writes the scores of a run's network on the validation split with noisy inputs, once."""
    model_file, file = path / "best" / "model.keras", path / NOISE
    if file.exists() or not model_file.exists():
        return
    from nas_cli.models.load import load_model
    from nas_cli.training.input_noise import noisy_metrics

    config = from_plain(command, open_run(path).config())
    with tempfile.TemporaryDirectory() as folder:
        dataset = prepare(config.dataset, data_dir(), Path(folder) / "prepared")
        rows = noisy_metrics(load_model(model_file), dataset.validation, dataset, DEVIATIONS, seed=0)
        write_atomic(file, json.dumps(rows).encode("utf-8"))


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = parse(arguments)
    complete = True
    for dataset in () if given.report else given.datasets:
        complete &= _carry_out(dataset, given)
    command = f"python scripts/{Path(__file__).name}"
    for path in build_relevance(given.runs, given.out, command):
        print(shown(path))
    return int(not complete)


def every_run(given: argparse.Namespace) -> Iterator[Run]:
    """The runs that the options ask for."""
    for dataset in () if given.report else given.datasets:
        yield from _wanted(dataset, given)


def _wanted(dataset: str, given: argparse.Namespace) -> list[Run]:
    """By number first, so that what is there after an interruption has all arms."""
    numbers = range(given.repeats or REPEATS[dataset])
    return [runs(dataset, arm, number, given.runs, given.overrides) for number, arm in product(numbers, given.arms)]


def _carry_out(dataset: str, given: argparse.Namespace) -> bool:
    if HANDMADE in given.arms:
        write_handmade(dataset, given.runs)
    wanted = _wanted(dataset, given)
    complete = carry_out(wanted, given.jobs)
    for run in wanted:
        if run.complete:
            measure_noise(run.path, run.command[0])
    return complete


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=lambda text: names(text, tuple(DATASETS)), default=list(DATASETS))
    parser.add_argument("--arms", type=lambda text: names(text, tuple(ARMS)), default=list(ARMS))
    parser.add_argument("--repeats", type=int, help="numbers 0 … REPEATS − 1; default: 10 splits of Boston, 3 seeds")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, each with one thread; default: 2")
    add_places(parser, RUNS, OUT)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(ended(main))
