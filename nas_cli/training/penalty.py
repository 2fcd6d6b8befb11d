"""What a training minimises besides the loss of its examples."""

from typing import Any, Protocol


class Penalty(Protocol):
    """A term of the loss that depends on the weights alone, and a change of the weights after each step.

    Both methods are called once, while the graph of a training step is built, and run in every step.
    """

    def loss(self) -> Any:
        """A scalar tensor in float32, added to the mean loss of each batch; zero if all is done after the step."""

    def after_step(self, learning_rate: Any) -> None:
        """Changes weights after the optimizer has, given the step's learning rate (a scalar tensor)."""
