"""NEAT (Stanley & Miikkulainen 2002): neurons, connections and weights evolve together, in species."""
