"""Runs the experiments with NEAT and DeepNEAT, and writes results/neat/.

    python scripts/reproduce_neat.py                  # all three
    python scripts/reproduce_neat.py --only xor       # NEAT on exclusive or, 100 seeds, a minute or two
    python scripts/reproduce_neat.py --only boston    # NEAT on Boston housing, 5 seeds, a minute
    python scripts/reproduce_neat.py --only deep      # DeepNEAT, CoDeepNEAT, random search: 15 runs, an hour on 2 cores
    python scripts/reproduce_neat.py --only deep --seeds 1 scale=smoke    # a look, in minutes
    python scripts/reproduce_neat.py --report         # the page from what is there

The first two are the searches of `nas search --experiment neat_xor` and `neat_boston`, without a run folder each: the
same seed gives the same networks. The third is a `nas search` per strategy and seed under results/runs/neat/, resumed
if it was interrupted, left alone if it is complete.
"""

import argparse
import functools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from resumable_runs import ROOT, Run, add_places, carry_out, ended, replaced, shown

from nas_cli.build import make_estimator, make_space, make_strategy
from nas_cli.config import SearchConfig, load_config
from nas_cli.data.dataset import Dataset
from nas_cli.data.prepare import open_prepared, prepare
from nas_cli.data.sources import data_dir
from nas_cli.estimators.contract import Score
from nas_cli.reports.experiments.made import Made, in_process
from nas_cli.reports.experiments.neat import BOSTON, XOR, build_neat
from nas_cli.strategies.contract import Outcome, Proposal

OUT = ROOT / "results" / "neat"
RUNS = ROOT / "results" / "runs" / "neat"
SEEDS = {"xor": 100, "boston": 5, "deep": 5}
STRATEGIES = ("deepneat", "codeepneat", "random")

Evaluated = tuple[Proposal, Score]


@functools.cache
def configured(experiment: str) -> SearchConfig:
    """The configuration of an experiment."""
    config: SearchConfig = load_config("search", [f"experiment={experiment}"])
    return config


def searched(experiment: str, seed: int, prepared: Path) -> Iterator[list[Evaluated]]:
    """The generations of a search, proposals with their scores, up to its end or as many as are taken."""
    config = replace(configured(experiment), seed=seed)
    dataset = prepare(config.dataset, data_dir(), prepared)
    space = make_space(config, dataset.input_shape, dataset.classes)
    strategy, estimator = make_strategy(config, space), make_estimator(config, space, prepared)
    while batch := strategy.ask():
        scores = [estimator.estimate(p.architecture, seed, None, lambda _: None) for p in batch]
        pairs = list(zip(batch, scores, strict=True))
        yield pairs
        strategy.tell([Outcome(p.trial, score.fitness, score.metrics) for p, score in pairs])


def xor(seed: int, prepared: Path) -> list[dict[str, Any]]:
    """When a search found a network with four right answers, and how large that is."""
    networks = 0
    for generation in searched("neat_xor", seed, prepared):
        right: list[Any] = [proposal for proposal, score in generation if score.metrics.get("train_accuracy") == 1.0]
        if right:
            first, found = right[0], right[0].architecture
            row = {"seed": seed, "solved": True, "generation": first.generation, "networks": first.trial + 1}
            return [row | {"hidden": len(found.units) - found.outputs, "connections": found.connections}]
        networks += len(generation)
    return [{"seed": seed, "solved": False, "networks": networks}]


def boston(seed: int, prepared: Path) -> list[dict[str, Any]]:
    """Errors of the network that a search chose; with the first seed those of the mean and of a linear regression."""
    trials = [pair for generation in searched("neat_boston", seed, prepared) for pair in generation]
    scored = [pair for pair in trials if pair[1].fitness is not None]
    proposal, score = max(scored, key=lambda pair: (pair[1].fitness or 0.0, -pair[0].trial))
    estimator: Any = make_estimator(configured("neat_boston"), None, prepared)
    test = estimator.known_test(proposal.architecture)
    parts = {name: score.metrics[name] for name in ("train_rmse", "valid_rmse")}
    row = {"method": "NEAT", "seed": seed, **parts, "test_rmse": test["test_rmse"]}
    size: Any = proposal.architecture
    row |= {"neurons": len(size.units), "connections": size.connections}
    return [row] if seed else [*baselines(open_prepared(prepared)), row]


def baselines(dataset: Dataset) -> list[dict[str, Any]]:
    """Errors of two methods fitted to the training split: its mean target, and least squares."""
    splits = {"train": dataset.train, "valid": dataset.validation, "test": dataset.test}
    inputs = {name: np.column_stack([np.ones(len(s)), np.asarray(s.x, np.float64)]) for name, s in splits.items()}
    fitted = np.linalg.lstsq(inputs["train"], np.asarray(splits["train"].y, np.float64), rcond=None)[0]
    mean = np.zeros_like(fitted)
    mean[0] = dataset.target_mean
    rows = []
    for method, weights in (("mean of the training targets", mean), ("linear regression", fitted)):
        errors = {f"{name}_rmse": inputs[name] @ weights - split.y for name, split in splits.items()}
        rows.append({"method": method} | {name: float(np.sqrt(np.mean(e**2))) for name, e in errors.items()})
    return rows


def repeat(one: Callable[[int, Path], list[dict[str, Any]]], seeds: int, file: Path) -> Made:
    """Writes the rows of all seeds; what that took."""
    begun = time.perf_counter()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(seeds):
            rows += one(seed, Path(folder) / "prepared")
            print(f"{one.__name__} {seed}: {rows[-1]}", file=sys.stderr, flush=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(file, index=False)
    return in_process(one.__name__, seeds, time.perf_counter() - begun)


def every_run(given: argparse.Namespace) -> list[Run]:
    """The runs that the options ask for."""
    seeds = range(given.seeds or SEEDS["deep"]) if "deep" in _parts(given) else ()
    return [_planned(strategy, seed, given.runs, given.overrides) for seed, strategy in product(seeds, STRATEGIES)]


def _parts(given: argparse.Namespace) -> list[str]:
    return [] if given.report else [given.only] if given.only else list(SEEDS)


def _planned(strategy: str, seed: int, runs: Path, further: Sequence[str]) -> Run:
    words = ["search", "--experiment", "deepneat", "--strategy", strategy, f"seed={seed}"]
    return Run(runs / f"{strategy}-{seed}", replaced(words, further))


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = parse(arguments)
    parts = _parts(given)
    seeds = {part: given.seeds or SEEDS[part] for part in SEEDS}
    complete, made = True, []
    if "xor" in parts:
        made.append(repeat(xor, seeds["xor"], given.out / XOR))
    if "boston" in parts:
        made.append(repeat(boston, seeds["boston"], given.out / BOSTON))
    if "deep" in parts:
        complete = carry_out(every_run(given))
    for path in build_neat(given.runs, given.out, f"python scripts/{Path(__file__).name}", made):
        print(shown(path))
    return int(not complete)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(SEEDS))
    parser.add_argument("--seeds", type=int, help="runs 0 … SEEDS − 1; default: 100, 5 and 5")
    add_places(parser, RUNS, OUT)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(ended(main))
