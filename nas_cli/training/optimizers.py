"""The field's names to Keras optimizers."""

from collections.abc import Callable, Mapping
from typing import Any

from nas_cli.training.settings import WITH_MOMENTUM, OptimizerSettings


def build_optimizer(settings: OptimizerSettings) -> Any:
    """A new Keras optimizer; the loop sets its learning rate before every step.

    sgd: w ← w − η·g. momentum: m ← μ·m − η·g, w ← w + m. nesterov: the same m, w ← w + μ·m − η·g.
    The others as in Keras with its defaults, of muon see `nas_cli.training.muon`; adam, adamw, momentum and nesterov
    update with one fused kernel per weight where the backend has it: the same formulas, rounded in another order.
    """
    options: dict[str, Any] = {"learning_rate": settings.learning_rate, "weight_decay": settings.weight_decay}
    options["global_clipnorm"] = settings.clip_norm
    if settings.name in WITH_MOMENTUM:
        options["momentum"] = settings.momentum or 0.0
    if settings.name == "nesterov":
        options["nesterov"] = True
    if settings.name == "muon":
        options["adam_weight_decay"] = settings.weight_decay
    return _without_replicas(_classes()[settings.name](**options))


def _without_replicas(optimizer: Any) -> Any:
    """The optimizer without Keras' sum of gradients over the replicas of a TensorFlow strategy; we have one replica.

    Even alone that sum is an operation with a gradient of its own, which TensorFlow registers for the life of the
    process together with the graph around it: 9 MB for every small network trained.
    """
    object.__setattr__(optimizer, "_all_reduce_sum_gradients", lambda gradients_and_weights: gradients_and_weights)
    return optimizer


def _classes() -> Mapping[str, Callable[..., Any]]:
    import keras

    from nas_cli.training.muon import ConvolutionMuon

    adam: Callable[..., Any] = keras.optimizers.Adam
    adamw: Callable[..., Any] = keras.optimizers.AdamW
    momentum: Callable[..., Any] = keras.optimizers.SGD
    if keras.config.backend() == "tensorflow":
        from nas_cli.training.fused_updates import FusedAdam, FusedAdamW, FusedSGD

        adam, adamw, momentum = FusedAdam, FusedAdamW, FusedSGD
    return {
        "sgd": keras.optimizers.SGD,
        "momentum": momentum,
        "nesterov": momentum,
        "rmsprop": keras.optimizers.RMSprop,
        "adam": adam,
        "adagrad": keras.optimizers.Adagrad,
        "nadam": keras.optimizers.Nadam,
        "adadelta": keras.optimizers.Adadelta,
        "adamw": adamw,
        "lion": keras.optimizers.Lion,
        "muon": ConvolutionMuon,
    }
