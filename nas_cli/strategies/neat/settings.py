"""Settings of NEAT; the shipped values are those of the paper, section 4.1, where it gives them."""

from dataclasses import dataclass

from nas_cli.schema import number


@dataclass(frozen=True)
class NEATSettings:
    """At most `generations` of `population` networks each; `attempts` to breed one that respects the limits.

    `fitness`: the metric that evolution sees (train_fitness of the estimator `forward`); where a trial has no such
    metric, its own fitness. `target`: a fitness that ends the search, None is never.

    Species: `excess`, `disjoint`, `weights` are c1, c2, c3 of the distance, `small` the number of genes below which
    N = 1, `distance` the threshold. `stagnation`: generations without a better member after which a species does not
    reproduce; `refocus`: generations without a better network after which only the two best species do.
    `champion`: the best of a species with more members than that is copied. `survival`: share of a species that are
    parents.

    Offspring: `crossover`, probability that it has two parents; `interspecies`, that the second is of another species;
    `stay_disabled`, that a connection disabled in a parent is disabled. Then, each with its probability: `add_node`,
    `add_connection`, `activation` (another one for a neuron), and `mutate_weights`, of all weights, of which a share
    of `perturb` is moved and the others drawn anew.
    """

    name: str
    fitness: str
    target: float | None
    generations: int = number(1)
    population: int = number(1)
    attempts: int = number(1)
    excess: float = number(0)
    disjoint: float = number(0)
    weights: float = number(0)
    small: int = number(0)
    distance: float = number(0, open_low=True)
    stagnation: int = number(1)
    refocus: int = number(1)
    champion: int = number(0)
    survival: float = number(0, 1, open_low=True)
    crossover: float = number(0, 1)
    interspecies: float = number(0, 1)
    stay_disabled: float = number(0, 1)
    mutate_weights: float = number(0, 1)
    perturb: float = number(0, 1)
    add_node: float = number(0, 1)
    add_connection: float = number(0, 1)
    activation: float = number(0, 1)
