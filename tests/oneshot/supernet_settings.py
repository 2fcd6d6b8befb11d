"""The shipped settings of strategies with a supernet, some of them changed."""

from dataclasses import replace
from typing import Any

from nas_cli.oneshot.settings import DartsSettings, OneShotSettings
from nas_cli.schema import validate
from tests.spaces.configured import values


def darts(**changes: Any) -> DartsSettings:
    return replace(validate(DartsSettings, values("strategy", "darts")), **changes)


def one_shot(**changes: Any) -> OneShotSettings:
    return replace(validate(OneShotSettings, values("strategy", "one_shot")), **changes)
