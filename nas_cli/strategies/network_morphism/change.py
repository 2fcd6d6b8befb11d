"""Random function-preserving changes."""

import math
from collections.abc import Sequence

import numpy as np

from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.morphing import deepenable, morphed, skips, widenable, width
from nas_cli.spaces.morphism import Morphism


def changed(
    architecture: Architecture, count: int, factors: Sequence[float], rng: np.random.Generator
) -> tuple[Architecture, tuple[Morphism, ...]] | None:
    """The architecture after `count` random changes, and these; None where none is possible."""
    made: list[Morphism] = []
    for _ in range(count):
        morphism = random_morphism(architecture, factors, rng)
        if morphism is None:
            return None
        architecture = morphed(architecture, morphism)
        made.append(morphism)
    return architecture, tuple(made)


def random_morphism(architecture: Architecture, factors: Sequence[float], rng: np.random.Generator) -> Morphism | None:
    """A change drawn as in Elsken et al. 2017, section 3: first its kind, of those possible, then its place."""
    wide, deep, joined = widenable(architecture), deepenable(architecture), skips(architecture)
    kinds = [kind for kind, places in (("widen", wide), ("deepen", deep), ("skip", joined)) if places]
    if not kinds:
        return None
    kind = kinds[int(rng.integers(len(kinds)))]
    if kind == "deepen":
        return Morphism("deepen", deep[int(rng.integers(len(deep)))])
    if kind == "skip":
        source, at = joined[int(rng.integers(len(joined)))]
        return Morphism("skip", at, source=source)
    at = wide[int(rng.integers(len(wide)))]
    present = width(architecture, at) or 0
    factor = factors[int(rng.integers(len(factors)))]
    return Morphism("widen", at, width=max(present + 1, math.floor(present * factor)))
