"""The proxies of a candidate at initialisation, on one minibatch that is the same for all candidates."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nas_cli.data.dataset import Split
from nas_cli.estimators.contract import Score
from nas_cli.estimators.trainer import Trainer
from nas_cli.spaces.candidate import Candidate

BATCH_SEED = 0
"""Not the trial's seed: all candidates of a search are compared on the same examples."""

ALL = ("synflow", "naswot", "grad_norm")


def probe(trainer: Trainer, candidate: Candidate, proxy: str, examples: int, seed: int) -> Score:
    """A score whose metrics hold the proxy, or all of them, and whose fitness is it, or their mean (`combined`).

    Weights are drawn by the trial's seed, in float32. A proxy that is not a finite number is a failure.
    """
    import keras

    from nas_cli.estimators import proxies
    from nas_cli.training.losses import plain_objective

    trainer.begin(seed)
    # Differences between networks are smaller than bfloat16's steps.
    keras.config.set_dtype_policy("float32")
    model, batch = trainer.build(candidate), _batch(trainer.dataset.train, examples)
    objective = plain_objective(trainer.dataset)
    measure: Mapping[str, Any] = {
        "synflow": lambda: proxies.synflow(model),
        "naswot": lambda: proxies.naswot(model, batch.x),
        "grad_norm": lambda: proxies.grad_norm(model, batch.x, batch.y, objective),
    }
    metrics = {name: float(measure[name]()) for name in (ALL if proxy == "all" else (proxy,))}
    wrong = [f"{name} is {value}" for name, value in metrics.items() if not math.isfinite(value)]
    if wrong:
        return Score(None, failure=f"{', '.join(wrong)} on {len(batch)} examples")
    return Score(combined(metrics, len(batch)), metrics=metrics)


def combined(metrics: Mapping[str, float], examples: int) -> float:
    """The one proxy as it is; of all three the mean of synflow, naswot / examples and ln grad_norm.

    All are then logarithms of one quantity, naswot's of the geometric mean of the eigenvalues of K. A deviation from
    the vote of Abdelfattah et al. 2021: there a majority of proxies says which of *two* networks is better, and a
    candidate has to have a score of its own. The proxy that spreads most in its logarithm decides most.
    """
    if len(metrics) == 1:
        return next(iter(metrics.values()))
    floor = float(np.finfo(np.float64).tiny)
    return (metrics["synflow"] + metrics["naswot"] / examples + math.log(max(metrics["grad_norm"], floor))) / len(ALL)


def _batch(split: Split, examples: int) -> Split:
    chosen = np.random.default_rng(BATCH_SEED).permutation(len(split))[:examples]
    return Split(np.asarray(split.x[chosen]), np.asarray(split.y[chosen]))
