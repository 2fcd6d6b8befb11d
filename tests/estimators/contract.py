"""What every estimator must do: inherit the class and give the fixtures."""

import json
from pathlib import Path

import pytest

from nas_cli.estimators.contract import Estimator, Score
from nas_cli.schema import plain
from nas_cli.spaces.architecture import Architecture


class EstimatorContract:
    """Fixtures to give: `estimator`, `architecture`."""

    @pytest.fixture
    def estimator(self, tmp_path: Path) -> Estimator:
        raise NotImplementedError

    @pytest.fixture
    def architecture(self) -> Architecture:
        raise NotImplementedError

    def test_the_same_seed_gives_the_same_score(self, estimator: Estimator, architecture: Architecture) -> None:
        first, second = (estimator.estimate(architecture, 7, None, lambda _: None) for _ in range(2))
        assert first.failure is None
        assert first.fitness == second.fitness
        assert _losses(first) == pytest.approx(_losses(second), rel=1e-4)

    def test_a_score_is_json(self, estimator: Estimator, architecture: Architecture) -> None:
        score = estimator.estimate(architecture, 7, None, lambda _: None)
        assert json.loads(json.dumps(plain(score)))["fitness"] == score.fitness
        assert all(type(value) is float for value in score.metrics.values())

    def test_progress_is_told_every_epoch(self, estimator: Estimator, architecture: Architecture) -> None:
        seen: list[float] = []
        score = estimator.estimate(architecture, 7, None, lambda epoch: seen.append(epoch["epoch"]))
        assert seen == [epoch["epoch"] for epoch in score.curve]

    def test_a_saved_network_can_be_tested(
        self, estimator: Estimator, architecture: Architecture, tmp_path: Path
    ) -> None:
        file = tmp_path / "model.keras"
        estimator.estimate(architecture, 7, file, lambda _: None)
        first, second = estimator.test(file), estimator.test(file)
        assert dict(first) == pytest.approx(dict(second))
        assert all(name.startswith("test_") for name in first)


def _losses(score: Score) -> list[float]:
    return [epoch["valid_loss"] for epoch in score.curve]
