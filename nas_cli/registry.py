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
        "dense": Entry("nas_cli.spaces.dense:DenseSpace", "nas_cli.spaces.dense_settings:DenseSettings"),
        "thesis_small": Entry("nas_cli.spaces.modular:ModularSpace", "nas_cli.spaces.modular:ModularSpaceSettings"),
        "thesis_large": Entry("nas_cli.spaces.modular:ModularSpace", "nas_cli.spaces.modular:ModularSpaceSettings"),
        "hyperparameters": Entry(
            "nas_cli.spaces.hyperparameters:HyperparameterSpace",
            "nas_cli.spaces.hyperparameters:HyperparameterSettings",
        ),
        "ensemble": Entry("nas_cli.spaces.ensemble:EnsembleSpace", "nas_cli.spaces.ensemble:EnsembleSpaceSettings"),
        "table": Entry("nas_cli.spaces.table:TableSpace", "nas_cli.spaces.table:TableSettings"),
        "chain": Entry("nas_cli.spaces.chain:ChainSpace", "nas_cli.spaces.chain:ChainSpaceSettings"),
        "cell": Entry("nas_cli.spaces.cell:CellSpace", "nas_cli.spaces.cell:CellSpaceSettings"),
        "nasbench201": Entry(
            "nas_cli.spaces.nasbench201:NASBench201", "nas_cli.spaces.nasbench201:NASBench201Settings"
        ),
        "dag": Entry("nas_cli.spaces.dag:DagSpace", "nas_cli.spaces.dag:DagSettings"),
    },
    "strategy": {
        "adanet": Entry(
            "nas_cli.strategies.adanet.strategy:AdaNet", "nas_cli.strategies.adanet.settings:AdaNetSettings"
        ),
        "bayesian": Entry(
            "nas_cli.strategies.bayesian.strategy:Bayesian", "nas_cli.strategies.bayesian.settings:BayesianSettings"
        ),
        "neat": Entry("nas_cli.strategies.neat.strategy:NEAT", "nas_cli.strategies.neat.settings:NEATSettings"),
        "darts": Entry("nas_cli.oneshot.found:FoundNetworks", "nas_cli.oneshot.settings:DartsSettings"),
        "one_shot": Entry("nas_cli.oneshot.found:FoundNetworks", "nas_cli.oneshot.settings:OneShotSettings"),
        "deepneat": Entry(
            "nas_cli.strategies.deepneat.strategy:DeepNEAT", "nas_cli.strategies.deepneat.settings:DeepNEATSettings"
        ),
        "codeepneat": Entry(
            "nas_cli.strategies.codeepneat.strategy:CoDeepNEAT",
            "nas_cli.strategies.codeepneat.settings:CoDeepNEATSettings",
        ),
        "grid": Entry("nas_cli.strategies.grid:Grid", "nas_cli.strategies.grid:GridSettings"),
        "local_search": Entry(
            "nas_cli.strategies.local_search:LocalSearch", "nas_cli.strategies.local_search:LocalSearchSettings"
        ),
        "network_morphism": Entry(
            "nas_cli.strategies.network_morphism.strategy:NetworkMorphism",
            "nas_cli.strategies.network_morphism.settings:NetworkMorphismSettings",
        ),
        "nsga2": Entry("nas_cli.strategies.nsga2:NSGA2", "nas_cli.strategies.nsga2:NSGA2Settings"),
        "random": Entry("nas_cli.strategies.random:RandomSearch", "nas_cli.strategies.random:RandomSettings"),
        "regularized_evolution": Entry(
            "nas_cli.strategies.regularized_evolution:RegularizedEvolution",
            "nas_cli.strategies.regularized_evolution:RegularizedEvolutionSettings",
        ),
        "reinforce": Entry(
            "nas_cli.strategies.reinforce.strategy:Reinforce",
            "nas_cli.strategies.reinforce.settings:ReinforceSettings",
        ),
    },
    "scheduler": {
        "none": Entry(
            "nas_cli.strategies.scheduler.unscheduled:unscheduled",
            "nas_cli.strategies.scheduler.unscheduled:UnscheduledSettings",
        ),
        "successive_halving": Entry(
            "nas_cli.strategies.scheduler.scheduled:Scheduled",
            "nas_cli.strategies.scheduler.settings:SuccessiveHalvingSettings",
        ),
        "hyperband": Entry(
            "nas_cli.strategies.scheduler.scheduled:Scheduled",
            "nas_cli.strategies.scheduler.settings:HyperbandSettings",
        ),
    },
    "estimator": {
        "forward": Entry(
            "nas_cli.estimators.forward:ForwardEstimator", "nas_cli.estimators.forward_settings:ForwardSettings"
        ),
        "table": Entry("nas_cli.estimators.table:TableEstimator", "nas_cli.estimators.table:TableEstimatorSettings"),
        "train": Entry("nas_cli.estimators.train:TrainEstimator", "nas_cli.estimators.settings:TrainEstimatorSettings"),
        "morph": Entry("nas_cli.estimators.morph:MorphEstimator", "nas_cli.estimators.settings:MorphEstimatorSettings"),
        "inherit": Entry(
            "nas_cli.estimators.inherit:InheritEstimator", "nas_cli.estimators.settings:InheritEstimatorSettings"
        ),
        "extrapolate": Entry(
            "nas_cli.estimators.extrapolate:ExtrapolateEstimator",
            "nas_cli.estimators.settings:ExtrapolateEstimatorSettings",
        ),
        "relevance": Entry(
            "nas_cli.estimators.relevance:RelevanceEstimator",
            "nas_cli.estimators.relevance_settings:RelevanceEstimatorSettings",
        ),
        "zero_cost": Entry(
            "nas_cli.estimators.zero_cost:ZeroCostEstimator", "nas_cli.estimators.settings:ZeroCostEstimatorSettings"
        ),
        "cross_validation": Entry(
            "nas_cli.estimators.cross_validation:CrossValidationEstimator",
            "nas_cli.estimators.settings:CrossValidationEstimatorSettings",
        ),
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
