"""What a supernet search costs, and how many networks trained on their own cost as much; known before it begins."""

import math
from typing import Any

import numpy as np

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.errors import ConfigError
from nas_cli.oneshot.memory import check_memory, supernet_cost
from nas_cli.oneshot.settings import SupernetSettings
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.dag_network import NONE

SPACES = ("cell", "nasbench201", "dag")
SAMPLES = 30


def check_space(name: str, settings: SupernetSettings) -> None:
    """Nothing if the space has a supernet with what the settings ask for.

    Raises:
        ConfigError: if not.
    """
    if name not in SPACES:
        raise ConfigError(
            f"strategy {settings.name} needs a space with a supernet ({', '.join(SPACES)}), got space={name}."
        )
    if name == "dag" and settings.path_dropout:
        raise ConfigError(f"strategy.path_dropout={settings.path_dropout}: space dag has none, must be 0.")
    relevance = getattr(settings, "relevance", None)
    if name != "dag" and relevance is not None and relevance.name != "none":
        raise ConfigError(
            f"strategy.relevance.name={relevance.name} needs space=dag, whose supernet can have Gaussian weights; "
            f"space={name} can train found networks with --estimator relevance."
        )


def check_derivable(space: Any, settings: SupernetSettings) -> None:
    """Nothing if a network of the space can be derived from a mixture as the settings say.

    Raises:
        ConfigError: if edges are to be left out of a graph that has all of them.
    """
    incoming = getattr(settings, "incoming", None)
    if incoming is not None and isinstance(space, DagSpace) and NONE not in space.operations:
        raise ConfigError(
            f"strategy.incoming={incoming} leaves edges out, and 'none' is not among the operations of space=dag: add "
            "it to space.vector_operations or image_operations, or set strategy.incoming=null."
        )


def trainings_paid(settings: SupernetSettings, space: Any, passes: float) -> float:
    """How many trainings of a random network have as many multiply-accumulates as all searches together.

    `passes` of a training over the examples that a supernet sees. The mean over some random networks of the space.
    """
    rng = np.random.default_rng(0)
    sampled = [space.architecture(space.sample(rng)) for _ in range(SAMPLES)]
    mean = np.mean([architecture_cost(one).flops for one in sampled if isinstance(one, Architecture)])
    return float(settings.searches * settings.search_passes * supernet_cost(space).flops / (mean * passes))


def random_trials(settings: SupernetSettings, space: Any, passes: float) -> int:
    """The number of random networks trained beside those found, each in so many passes."""
    if settings.random is not None:
        return settings.random
    return min(settings.generations * settings.population, math.ceil(trainings_paid(settings, space, passes)))


def step_bytes(settings: SupernetSettings, space: Any, limit_bytes: float) -> int:
    """Predicted bytes of a step of the supernet.

    Raises:
        ConfigError: more than the limit, with what would fit.
    """
    return check_memory(supernet_cost(space), settings.batch_size, limit_bytes, getattr(settings, "order", 1))
