"""AdaNet with real trainings."""

from pathlib import Path

import pytest

from nas_cli.estimators.contract import Donor, Hints
from nas_cli.strategies.contract import Outcome, Proposal
from tests.estimators.test_train import make
from tests.spaces.test_ensemble import ensembles
from tests.strategies.adanet.test_adanet import adanet


def hints(proposal: Proposal, winner: Proposal | None, file: Path) -> Hints:
    """The winner's network as donor of the subnetworks that both have."""
    if winner is None:
        return Hints()
    shared = {name: name for name, part in proposal.parts.items() if winner.parts.get(name) == part}
    return Hints(donors=(Donor(winner.trial, file, shared),))


@pytest.mark.slow
def test_an_ensemble_grows_on_the_weights_of_the_one_before(tmp_path: Path) -> None:
    estimator = make(tmp_path, {"epochs": 4, "batch_size": 20}, reuse=True)
    space = ensembles(shape=(12, 12, 1), classes=3, widths=(8, 16))
    strategy = adanet(space, generations=2, population=4, force_grow=True, complexity=0.0, penalty=0.0)
    known: dict[int, Proposal] = {}
    objectives = []
    while batch := strategy.ask():
        outcomes = []
        for proposal in batch:
            known[proposal.trial] = proposal
            winner = None if proposal.parent is None else known[proposal.parent]
            donors = hints(proposal, winner, tmp_path / f"{proposal.parent}.keras")
            file = tmp_path / f"{proposal.trial}.keras"
            score = estimator.estimate(proposal.architecture, proposal.trial, file, lambda epoch: None, donors)
            assert score.failure is None
            if winner is not None:
                assert score.extra["reused"] == {"trials": [winner.trial], "layers": len(winner.parts)}
            outcomes.append(Outcome(proposal.trial, score.fitness, score.metrics))
        strategy.tell(outcomes)
        objectives.append(strategy.describe()["objective"])
    assert len(strategy.describe()["ensemble"]) == 2
    assert objectives[1] < objectives[0]
