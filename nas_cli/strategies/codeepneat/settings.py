"""Settings of CoDeepNEAT."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number
from nas_cli.strategies.speciation.settings import SpeciesSettings


@dataclass(frozen=True, kw_only=True)
class ModulePopulationSettings(SpeciesSettings):
    """How modules evolve, in species.

    `mutation`, `crossover`: frequencies of the two kinds of offspring, relative to their sum. `structure`: probability
    that a mutation changes the module's graph, not a layer.
    """

    mutation: float = number(0)
    crossover: float = number(0)
    structure: float = number(0, 1)

    def __post_init__(self) -> None:
        _some("modules", self.mutation, self.crossover)


@dataclass(frozen=True, kw_only=True)
class BlueprintPopulationSettings(SpeciesSettings):
    """How blueprints evolve, in species.

    `add_connection` to `crossover`: frequencies of the operators that make offspring, relative to their sum.
    `excess`, `disjoint`, `values`: NEAT's c1, c2, c3, the weights of the parts of the distance.
    """

    add_connection: float = number(0)
    add_node: float = number(0)
    remove_connection: float = number(0)
    remove_node: float = number(0)
    change_species: float = number(0)
    mutate_head: float = number(0)
    crossover: float = number(0)
    excess: float = number(0)
    disjoint: float = number(0)
    values: float = number(0)

    def __post_init__(self) -> None:
        _some("blueprints", self.mutation, self.crossover)

    @property
    def mutation(self) -> float:
        """The frequency of offspring that are no crossovers."""
        structure = self.add_connection + self.add_node + self.remove_connection + self.remove_node
        return structure + self.change_species + self.mutate_head


@dataclass(frozen=True)
class CoDeepNEATSettings:
    """`generations` of `population` networks each.

    `fitness`: of a module or blueprint, the mean or the maximum over the networks that contain it. `attempts`: draws
    to find a network that respects the limits. `initial_population`: JSON file with the first generation's modules,
    blueprints and networks (as `CoDeepNEAT.population_json` gives them), or the folder of a run that has one, so that
    two searches start equal.
    `inheritance`: what compressed networks leave to the populations: none (strategy B of the CoDeepNEAT/MorphNet
    thesis), or their modules (strategy A, Algorithm 2). `compress_every`: networks are compressed in the first
    generation and in each so many later; more than 1 needs inheritance, because compressed and uncompressed networks
    would else compete (section 3.5).
    """

    name: str
    initial_population: str | None
    modules: ModulePopulationSettings
    blueprints: BlueprintPopulationSettings
    generations: int = number(1)
    population: int = number(1)
    fitness: str = choice("mean", "max")
    attempts: int = number(1)
    inheritance: str = choice("none", "modules")
    compress_every: int = number(1)

    def __post_init__(self) -> None:
        if self.compress_every > 1 and self.inheritance == "none":
            raise ConfigError(
                f"strategy.compress_every={self.compress_every} needs strategy.inheritance=modules: without it "
                "compressed and uncompressed networks would compete; set strategy.compress_every=1."
            )


def _some(group: str, *frequencies: float) -> None:
    if sum(frequencies) <= 0:
        raise ConfigError(f"strategy.{group}: at least one frequency of mutation or crossover must be above 0.")
