"""First generations as JSON, so that several searches can start from the same one."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from nas_cli.errors import ConfigError
from nas_cli.spaces.genotype import (
    Blueprint,
    Module,
    blueprint_from_json,
    blueprint_to_json,
    module_from_json,
    module_to_json,
)
from nas_cli.strategies.codeepneat.assembly import Network
from nas_cli.strategies.speciation.individual import Individual
from nas_cli.strategies.speciation.population import Population
from nas_cli.strategies.speciation.species import Species

G = TypeVar("G")
VERSION = 2


def saved_population(
    modules: Population[Module], blueprints: Population[Blueprint], networks: Sequence[Network]
) -> dict[str, Any]:
    """Both populations, species by species with the threshold between them, and the parts of the first networks, as
    JSON values.
    """
    return {
        "version": VERSION,
        "modules": _population_json(modules, module_to_json),
        "blueprints": _population_json(blueprints, blueprint_to_json),
        "networks": [
            {"blueprint": n.blueprint.id, "modules": {str(key): module.id for key, module in n.modules.items()}}
            for n in networks
        ],
    }


@dataclass(frozen=True)
class SavedSpecies(Generic[G]):
    """The species of one population and the compatibility threshold that made them.

    `population`: the configured size; there can be more members where the first networks contain more.
    """

    population: int
    species: list[Species[G]]
    threshold: float

    @property
    def members(self) -> list[Individual[G]]:
        """All individuals, species by species."""
        return [member for species in self.species for member in species.members]


class SavedPopulation:
    """A saved first generation, read from a file.

    Raises:
        ConfigError: if the file cannot be read, has another form, or names members or species that it lacks.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            value = json.loads(Path(path).read_text(encoding="utf-8"))
            if value["version"] != VERSION:
                raise ConfigError(f"version {value['version']} is not {VERSION}")
            self.modules = _saved_species(value["modules"], module_from_json)
            self.blueprints = _saved_species(value["blueprints"], blueprint_from_json)
            self.networks = [self._network(item) for item in value["networks"]]
            self._check()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
            raise ConfigError(f"strategy.initial_population '{path}' is no saved population: {error}") from error

    def check_sizes(self, modules: int, blueprints: int, networks: int, head: int) -> None:
        """Nothing if the populations have these sizes and the heads so many layers.

        Raises:
            ConfigError: naming the key that differs.
        """
        sizes = {
            "strategy.modules.population": (modules, self.modules.population),
            "strategy.blueprints.population": (blueprints, self.blueprints.population),
            "strategy.population": (networks, len(self.networks)),
            "space.dense_layers": (head, len(self.blueprints.members[0].genome.head)),
        }
        for key, (wanted, found) in sizes.items():
            if wanted != found:
                raise ConfigError(f"{key} is {wanted}, but '{self._path}' has {found}; set {key}={found}.")

    def _network(self, item: Mapping[str, Any]) -> tuple[Individual[Blueprint], dict[int, Individual[Module]]]:
        blueprints = {member.id: member for member in self.blueprints.members}
        modules = {member.id: member for member in self.modules.members}
        drawn = {int(key): modules[number] for key, number in item["modules"].items()}
        return blueprints[item["blueprint"]], drawn

    def _check(self) -> None:
        known = {species.id for species in self.modules.species}
        for member in self.blueprints.members:
            missing = set(member.genome.species()) - known
            if missing:
                raise ConfigError(f"blueprint {member.id} names unknown module species {sorted(missing)}")
        if not self.blueprints.species or not self.networks:
            raise ConfigError("it has no blueprints or no networks")


def _population_json(population: Population[G], encode: Callable[[G], Any]) -> dict[str, Any]:
    species = [_species_json(species, encode) for species in population.species]
    return {"population": population.settings.population, "threshold": population.threshold, "species": species}


def _species_json(species: Species[G], encode: Callable[[G], Any]) -> dict[str, Any]:
    return {"species": species.id, "members": [{"id": m.id, "genome": encode(m.genome)} for m in species.members]}


def _saved_species(item: Mapping[str, Any], decode: Callable[[Any], G]) -> SavedSpecies[G]:
    threshold = float(item["threshold"])
    if not 0 < threshold < math.inf:
        raise ConfigError(f"threshold {threshold} is not above 0")
    saved = SavedSpecies(int(item["population"]), [_species(one, decode) for one in item["species"]], threshold)
    if len(saved.members) < saved.population:
        raise ConfigError(f"it has {len(saved.members)} of {saved.population} members of a population")
    return saved


def _species(item: Mapping[str, Any], decode: Callable[[Any], G]) -> Species[G]:
    members = tuple(Individual(int(member["id"]), decode(member["genome"])) for member in item["members"])
    if not members:
        raise ConfigError(f"species {item['species']} has no members")
    return Species(int(item["species"]), members[0].genome, members)
