"""What a training minimises besides the loss of its examples."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


class Penalty(Protocol):
    """A term of the loss that depends on the weights alone, and a change of the weights after each step.

    Both methods are called once, while the graph of a training step is built, and run in every step.
    """

    def loss(self) -> Any:
        """A scalar tensor in float32, added to the mean loss of each batch; zero if all is done after the step."""

    def after_step(self, learning_rate: Any) -> None:
        """Changes weights after the optimizer has, given the step's learning rate (a scalar tensor)."""


@runtime_checkable
class StatefulPenalty(Penalty, Protocol):
    """A penalty that sees every step's gradients, and whose own state a checkpoint keeps."""

    @property
    def variables(self) -> Sequence[Any]:
        """The state: variables that steps change beside those of the model and of the optimizer."""

    def on_gradients(self, gradients: Sequence[Any], variables: Sequence[Any]) -> Sequence[Any]:
        """What the optimizer gets for the gradients of `variables`; called before `after_step`, as that is."""
