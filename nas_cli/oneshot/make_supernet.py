"""From a space to its supernet."""

from typing import Any

from nas_cli.data.dataset import Dataset
from nas_cli.errors import ConfigError
from nas_cli.oneshot.cell_supernet import CellSupernet
from nas_cli.oneshot.dag_supernet import DagSupernet
from nas_cli.oneshot.nasbench201_supernet import NASBench201Supernet
from nas_cli.oneshot.supernet import Supernet
from nas_cli.relevance.settings import RelevanceSettings
from nas_cli.spaces.cell import CellSpace
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.nasbench201 import NASBench201


def make_supernet(
    space: Any,
    dataset: Dataset,
    seed: int,
    *,
    path_dropout: float = 0.0,
    relevance: RelevanceSettings | None = None,
    incoming: int | None = None,
) -> Supernet:
    """The supernet of a space for the raw inputs of a data set, with weights drawn from `seed`.

    `relevance` and `incoming` are for the space dag, `path_dropout` for the others.

    Raises:
        ConfigError: a space without supernet, or an option that the space's supernet does not have.
    """
    gaussian = relevance is not None and relevance.name == "ard"
    if isinstance(space, DagSpace):
        if path_dropout:
            raise ConfigError(f"strategy.path_dropout={path_dropout}: space dag has none, must be 0.")
        return DagSupernet(space, seed, relevance, incoming, dataset.scale, dataset.offset)
    if gaussian:
        raise ConfigError("strategy.relevance.name=ard needs space=dag: other supernets have no Gaussian weights.")
    if isinstance(space, CellSpace):
        return CellSupernet(space, seed, path_dropout, dataset.scale, dataset.offset)
    if isinstance(space, NASBench201):
        return NASBench201Supernet(space, seed, path_dropout, dataset.scale, dataset.offset)
    raise ConfigError(f"{type(space).__name__} has no supernet: use space=cell, nasbench201 or dag.")
