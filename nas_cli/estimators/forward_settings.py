"""Settings of the estimator `forward`."""

from dataclasses import dataclass
from typing import ClassVar

from nas_cli.schema import choice


@dataclass(frozen=True, kw_only=True)
class ForwardSettings:
    """How a network with given weights is scored; nothing is trained.

    `fitness`: accuracy; neg_mse; inverse_mse, 1 / (1 + mse), between 0 and 1; neat, (n − Σ|e|)² over n examples
    (Stanley & Miikkulainen 2002, section 4.1, n = 4). Errors are those of outputs in [0, 1] for classes, and in units
    of the training targets' standard deviation for regression.
    `standardise`: features have mean 0 and deviation 1 (of the training split); else they are taken as they are.
    """

    tensorflow: ClassVar[bool] = False
    points: ClassVar[bool] = False
    networks: ClassVar[bool] = False

    name: str
    fitness: str = choice("accuracy", "neg_mse", "inverse_mse", "neat")
    standardise: bool
