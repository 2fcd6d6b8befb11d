"""Names of the configuration to the code they stand for, as text so that nothing is imported before it is used."""

import importlib
from dataclasses import dataclass
from typing import Any

from nas_cli.errors import ConfigError
from nas_cli.schema import nearest


@dataclass(frozen=True)
class Entry:
    """`target` builds the thing, `settings` is its dataclass; both as 'module:name'.

    The settings' module never imports TensorFlow or Keras: configurations are checked without them.
    """

    target: str
    settings: str


REGISTRY: dict[str, dict[str, Entry]] = {
    "space": {
        "thesis_small": Entry("nas_cli.spaces.modular:ModularSpace", "nas_cli.spaces.modular:ModularSpaceSettings"),
        "thesis_large": Entry("nas_cli.spaces.modular:ModularSpace", "nas_cli.spaces.modular:ModularSpaceSettings"),
    },
    "strategy": {
        "codeepneat": Entry(
            "nas_cli.strategies.codeepneat.strategy:CoDeepNEAT",
            "nas_cli.strategies.codeepneat.settings:CoDeepNEATSettings",
        ),
        "random": Entry("nas_cli.strategies.random:RandomSearch", "nas_cli.strategies.random:RandomSettings"),
    },
    "estimator": {
        "train": Entry("nas_cli.estimators.train:TrainEstimator", "nas_cli.estimators.settings:TrainEstimatorSettings"),
        "morph": Entry("nas_cli.estimators.morph:MorphEstimator", "nas_cli.estimators.settings:MorphEstimatorSettings"),
    },
}


def find(group: str, name: str) -> Entry:
    """The entry of `name` in `group`.

    Raises:
        ConfigError: if there is none.
    """
    known = REGISTRY[group]
    if name not in known:
        raise ConfigError(f"unknown {group} '{name}'.{nearest(name, known)} Known: {', '.join(sorted(known))}.")
    return known[name]


def load(path: str) -> Any:
    """The object that 'module:name' stands for."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
