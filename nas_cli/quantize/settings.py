"""Settings of `nas quantize`; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number

METHODS = ("float32", "float16", "dynamic", "int8", "qat", "cluster", "cluster_int8", "keras_int8", "keras_int4")
TRAINED = ("qat", "cluster", "cluster_int8")
"""Methods that train for some epochs."""
CALIBRATED = ("int8", "cluster_int8")
"""Methods that run examples through the network to find the ranges of its activations."""
LEAST_CALIBRATION = 10
"""With fewer examples the ranges of activations say nothing about the data."""


@dataclass(frozen=True, kw_only=True)
class QuantizeSettings:
    """How a network is made smaller in its numbers.

    `method`: float32, the network as a TFLite file, nothing quantized; float16, weights in half precision; dynamic,
    weights in int8 where a tensor has 1,024 or more, activations quantized while it runs; int8, all weights and
    activations, their ranges from `calibration` examples of the training split; qat, the same after training with
    simulated quantization (Jacob et al. 2018); cluster, weights that share `clusters` values per layer (Han et al.
    2016), cluster_int8 quantized besides; keras_int8 and keras_int4, Keras' own, of the layers that Keras can quantize.
    `methods`: several in one run, in place of `method`.
    `io`: what a quantized file takes and gives: float32, as the network did; integer, uint8 (images) or int8 in, int8
    out, for processors without floating point.
    `max_loss`: of several methods the run chooses the smallest file (compressed) among those that lose at most so much
    validation accuracy (as a fraction; of a regression, relative RMSE), the most accurate one if all lose more.
    `epochs`, `learning_rate` (null: the training's): of the methods that train. `keep_zeros`: weights that are zero
    beforehand, as in a pruned network, stay zero in them.
    `repeats`: how often every network's time for one example is taken.
    """

    method: str = choice(*METHODS)
    methods: tuple[str, ...] | None = choice(*METHODS)
    calibration: int = number(LEAST_CALIBRATION)
    io: str = choice("float32", "integer")
    max_loss: float = number(0)
    clusters: int = number(2, 256)
    epochs: int = number(1)
    learning_rate: float | None = number(0, open_low=True)
    keep_zeros: bool
    repeats: int = number(3)

    def __post_init__(self) -> None:
        if self.methods is not None and (not self.methods or len(set(self.methods)) < len(self.methods)):
            raise ConfigError(
                f"quantize.methods must be null or a list of different methods, got [{', '.join(self.methods)}]. "
                f"Known: {', '.join(METHODS)}."
            )

    @property
    def asked(self) -> tuple[str, ...]:
        """The methods of the run, in order."""
        return self.methods or (self.method,)

    @property
    def training_epochs(self) -> int:
        """Epochs of training in all."""
        return self.epochs * sum(method in TRAINED for method in self.asked)
