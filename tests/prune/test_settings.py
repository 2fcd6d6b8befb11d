"""Settings that do not go together are refused in one line that says what to do."""

from typing import Any

import pytest

from nas_cli.errors import ConfigError
from nas_cli.prune.settings import PruneSettings
from nas_cli.schema import validate
from tests.prune.prune_settings import PLAIN, prune

FILTERS: dict[str, Any] = {"granularity": "filter"}
STEPS: dict[str, Any] = {"when": "step", "schedule": "cubic"}
TFMOT: dict[str, Any] = {**STEPS, "engine": "tfmot"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reduction": 0.5}, "prune.reduction=0.5 with prune.target=sparsity: must be null"),
        ({"sparsity": None}, "one of them must be a number"),
        ({"rate": 0.2}, "one of them must be a number"),
        ({"sparsity": None, "rate": 0.2, "schedule": "cubic"}, "prune.rate=0.2 belongs to prune.schedule=iterative"),
        ({**FILTERS, "target": "flops"}, "prune.target=flops needs prune.reduction"),
        ({"initial": 0.6}, "prune.initial=0.6 is above the share that the schedule ends with: must be at most 0.5"),
        ({"schedule": "one_shot", "rounds": 3}, "prune.rounds must be 1, got 3"),
        ({"begin": 0.5, "end": 0.5}, "prune.begin=0.5 must be below prune.end=0.5"),
        ({**STEPS, "criterion": "taylor"}, "it needs criterion=magnitude"),
        ({**STEPS, "rounds": 2}, "needs prune.rounds=1"),
        ({**FILTERS, "regrow": "set"}, "prune.regrow=set needs prune.granularity=weight"),
        ({**FILTERS, "spread": "erk"}, "prune.spread=erk is a rule for weights"),
        ({**FILTERS, "output_rate": 0.5}, "outputs stay"),
        ({"target": "flops", "sparsity": None, "reduction": 0.5}, "prune.target=flops needs prune.granularity=neuron"),
        ({"criterion": "activation"}, "prune.criterion=activation scores whole channels"),
        ({"round_to": 8}, "both must be 1 with prune.granularity=weight"),
        ({"output_rate": 0.5, "spread": "global"}, "needs prune.spread=uniform, got global"),
        ({"rewind": "epoch:0"}, "must be none, init or epoch:K with K of at least 1, got 'epoch:0'"),
        ({"rewind": "start"}, "must be none, init or epoch:K"),
        ({"rewind": "epoch:2", "train_first": 1}, "needs prune.train_first of at least 2 epochs, got 1"),
        ({"reinit": True}, "it needs prune.rewind=init or epoch:K"),
        ({"pattern": "2:4"}, "prune.pattern=2:4 needs prune.engine=tfmot"),
        ({**TFMOT, "when": "round"}, "it needs when=step"),
        ({**TFMOT, "schedule": "iterative"}, "tfmot has no iterative schedule"),
        ({**TFMOT, "pattern": "2:4", "sparsity": 0.6}, "prune.sparsity must be 0.5, got 0.6"),
        ({**TFMOT, "pattern": "block"}, "pattern=block needs a list of two sizes"),
    ],
)
def test_settings_that_do_not_go_together(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        prune(**changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sparsity", [1.0, -0.1])
def test_a_sparsity_outside_its_range(sparsity: float) -> None:
    with pytest.raises(ConfigError, match=r"sparsity must be in \[0, 1\), got"):
        validate(PruneSettings, PLAIN | {"sparsity": sparsity})


def test_what_follows_from_the_settings() -> None:
    assert prune(sparsity=None, rate=0.2, rounds=3).final == pytest.approx(0.488)
    assert prune(**FILTERS, target="flops", sparsity=None, reduction=0.3).final == 0.3
    assert [prune(rewind=text, train_first=9).rewind_epoch for text in ("none", "init", "epoch:7")] == [None, 0, 7]
    # Without a number, as many epochs as an ordinary training has.
    assert prune(rewind="epoch:7", train_first=None).rewind_epoch == 7
    several = prune(rounds=2, fine_tune=3, last_fine_tune=5)
    assert [several.epochs_after(number) for number in (1, 2)] == [3, 5]
