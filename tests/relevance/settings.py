"""Settings for tests, with the usual values."""

from typing import Any

from nas_cli.relevance.settings import RelevanceSettings


def ard(**changes: Any) -> RelevanceSettings:
    """ARD with a precision for each weight."""
    usual = {
        "name": "ard",
        "share": "weight",
        "update": "closed_form",
        "initial_log_variance": -8.0,
    }
    return RelevanceSettings(**(usual | changes))
