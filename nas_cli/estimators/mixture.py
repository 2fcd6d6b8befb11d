"""How much of an ensemble's output comes from each of its subnetworks."""

from dataclasses import replace
from typing import Any

from nas_cli.costs.shapes import shapes
from nas_cli.estimators.contract import Score
from nas_cli.spaces.architecture import Architecture


def with_mixture(score: Score, architecture: Architecture, model: Any) -> Score:
    """The score of the trained model, its `mixture_norms` among the metrics; a failed one as it is."""
    if score.fitness is None:
        return score
    return replace(score, metrics={**score.metrics, **mixture_norms(architecture, model)})


def mixture_norms(architecture: Architecture, model: Any) -> dict[str, float]:
    """‖w_k‖₁ of the weights from the k-th subnetwork to the output, the mean over outputs, as {"mixture_l1_0": …}.

    The subnetworks are what the output layer reads joined by a 'concat' merge; empty for any other network. `model`:
    the built and trained Keras model of the architecture.
    """
    joined = architecture.nodes[architecture.nodes[-1].inputs[0]]
    if joined.op != "merge" or joined["mode"] != "concat":
        return {}
    known = shapes(architecture)
    kernel = abs(model.layers[-1].get_weights()[0])
    norms, start = {}, 0
    for at, source in enumerate(joined.inputs):
        end = start + known[source][-1]
        norms[f"mixture_l1_{at}"] = float(kernel[start:end].sum() / kernel.shape[1])
        start = end
    return norms
