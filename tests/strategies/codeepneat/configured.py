"""CoDeepNEAT as the shipped YAML file configures it, with changes."""

from collections.abc import Mapping
from typing import Any

from nas_cli.schema import validate
from nas_cli.spaces.modular import ModularSpace
from nas_cli.strategies.codeepneat.settings import CoDeepNEATSettings
from nas_cli.strategies.codeepneat.strategy import CoDeepNEAT
from nas_cli.strategies.contract import Admissible
from tests.spaces.configured import space as configured_space
from tests.spaces.configured import values
from tests.strategies.contract import anything


def settings(
    modules: Mapping[str, Any] | None = None, blueprints: Mapping[str, Any] | None = None, **changes: Any
) -> CoDeepNEATSettings:
    shipped = values("strategy", "codeepneat")
    shipped["modules"].update(modules or {})
    shipped["blueprints"].update(blueprints or {})
    return validate(CoDeepNEATSettings, {**shipped, **changes})


def make(
    seed: int = 0, admissible: Admissible = anything, space: ModularSpace | None = None, **changes: Any
) -> CoDeepNEAT:
    return CoDeepNEAT(settings(**changes), space or configured_space(), seed, admissible)
