"""Settings for tests, with the usual values."""

from typing import Any

from nas_cli.oneshot.structure_settings import PriorSettings, StructureSettings


def structure(**changes: Any) -> StructureSettings:
    """Plain softmax over the operations of each edge."""
    usual = {"relaxation": "softmax", "simplex": "edge", "temperature_start": 1.0, "temperature_end": 1.0}
    return StructureSettings(**(usual | changes))


def prior(**changes: Any) -> PriorSettings:
    """A Dirichlet density with λ = 1."""
    usual = {"name": "dirichlet", "weight": 1.0, "concentration": 0.5, "temperature": 0.5, "floor": 1e-30}
    return PriorSettings(**(usual | changes))
