"""Settings of what surrounds the shrinking phases; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.schema import choice, number


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """From a network to a smaller, trained one: train, shrink, expand, and shrink again, retrain.

    `train_first`: epochs of ordinary training before the first shrinking phase, for a network with fresh weights; None
    or 0: none. `iterations`: how often the network is shrunk (and, with `morph.expand`, expanded), each time by what
    `morph` says of the network as it then is; the surviving weights go from one to the next. `retrain`: the result is
    trained for training.epochs from fresh weights (scratch) or from the surviving ones, or not at all (none).
    `baseline`: also train the original network, without the regularizer and for as many epochs, to compare with; with
    retrain=scratch from fresh weights too, even if it came with some.
    """

    train_first: int | None = number(0)
    iterations: int = number(1, 20)
    retrain: str = choice("scratch", "surviving", "none")
    baseline: bool

    def baseline_epochs(self, shrinking: float, retraining: int) -> int:
        """Epochs that the original network is trained for, to have seen as many examples as the result's weights.

        `shrinking`: passes over the training examples of one shrinking phase, with the one multiplier that is taken.
        `retraining`: epochs of the last training. The sum is rounded to whole epochs, at least one.
        """
        if self.retrain == "scratch":
            return retraining
        before = (self.train_first or 0) + self.iterations * shrinking
        return max(1, round(before + (retraining if self.retrain == "surviving" else 0)))
