import json
import os
import signal
from pathlib import Path

import pytest

from nas_cli.errors import ConfigError, RunError
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.interruption import Interrupted
from nas_cli.search.economies import Economies
from nas_cli.strategies.contract import Outcome, Proposal
from tests.search.fakes import NAN, RAISE, Evolution, FakeEstimator, Inline, fresh, network, results, search


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def killer(step: int):
    steps = iter(range(step + 1))

    def before() -> None:
        if next(steps, None) == step:
            raise Killed

    return before


def kinds(run: RunFolder) -> list[str]:
    return [event["event"] for event in run.events()]


def test_a_search_ends_with_its_best_network_tested_once(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    evaluator = Inline()
    summary = search(run, evaluator)
    assert kinds(run) == ["start", *(["trial"] * 4 + ["generation"]) * 3, "test", "end"]
    trials = {event["id"]: event for event in run.events() if event["event"] == "trial"}
    best = max(trials.values(), key=lambda event: (event["fitness"], -event["id"]))
    assert summary["status"] == "completed"
    assert (summary["trials"], summary["failed"], evaluator.tested) == (12, 0, 1)
    assert summary["best"]["id"] == best["id"]
    assert summary["best"]["test_accuracy"] == best["architecture"]["nodes"][1]["units"] / 1000
    assert (run.best / "model.keras").read_text() == f"{best['architecture']['nodes'][1]['units']} {best['seed']}"
    assert json.loads((run.best / "architecture.json").read_text()) == best["architecture"]
    assert json.loads((run.path / "summary.json").read_text()) == summary
    assert not run.models.exists()


class Particular(Evolution):
    """Goes by a metric that no trial has."""

    def examine(self, outcome: Outcome) -> None:
        raise RunError(f"trial {outcome.trial} has no 'taste'.")


def test_what_no_trial_can_have_ends_the_search_after_the_first(tmp_path: Path) -> None:
    run, evaluator = fresh(tmp_path / "run"), Inline()
    with pytest.raises(RunError, match="has no 'taste'"):
        search(run, evaluator, Particular())
    assert len(evaluator.evaluated) == 1
    assert kinds(run) == ["start", "trial", "stop"]


def test_resume_from_every_prefix_of_the_journal_equals_the_uninterrupted_run(tmp_path: Path) -> None:
    whole = fresh(tmp_path / "whole")
    search(whole, Inline(), Evolution(fixed=[7, RAISE, 8, NAN]))
    lines = (whole.path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for cut in range(len(lines) + 1):
        run = fresh(tmp_path / str(cut))
        (run.path / "journal.jsonl").write_bytes(b"".join(lines[:cut]) + b'{"event": "tri')
        journaled = {event["id"] for event in run.events() if event["event"] == "trial"}
        evaluator = Inline()
        if cut < len(lines):
            search(run, evaluator, Evolution(fixed=[7, RAISE, 8, NAN]))
            assert results(run) == results(whole)
            assert set(range(12)) - journaled <= set(evaluator.evaluated)
            # At most the best network is trained again; a failed trial is never tried twice.
            assert len(journaled & set(evaluator.evaluated)) <= 1
            assert not journaled & set(evaluator.evaluated) & {1, 3}
        else:
            search(run, evaluator, Evolution(fixed=[7, RAISE, 8, NAN]))
            assert (evaluator.evaluated, evaluator.tested) == ([], 0)


def test_killed_before_every_step_and_resumed_equals_the_uninterrupted_run(tmp_path: Path) -> None:
    whole = fresh(tmp_path / "whole")
    search(whole, Inline())
    for step in range(25):
        run = fresh(tmp_path / str(step))
        with pytest.raises(Killed):
            search(run, Inline(killer(step)))
        evaluator = Inline()
        search(run, evaluator)
        assert results(run) == results(whole)
        assert sorted(kinds(run)) == sorted([*kinds(whole), "resume"])


def test_only_networks_that_may_become_best_are_kept(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    seen: list[set[str]] = []

    class Watch:
        def on_epoch(self, trial: int, progress: object) -> None: ...

        def on_generation(self, event: object) -> None: ...

        def on_trial(self, event: dict, replayed: bool) -> None:
            scored = [e for e in run.events() if e["event"] == "trial" and e["fitness"] is not None]
            best = max(scored, key=lambda e: (e["fitness"], -e["id"]))
            assert {file.name for file in run.models.iterdir()} == {f"{best['id']}.keras"}
            seen.append(event["id"])

    search(run, Inline(), Evolution(fixed=[9, 9, 9]), listener=Watch())
    assert len(seen) == 12


def test_a_strategy_sees_the_same_outcomes_live_and_replayed_and_no_times(tmp_path: Path) -> None:
    live, replayed = Evolution(), Evolution()
    run = fresh(tmp_path / "run")
    with pytest.raises(Killed):
        search(run, Inline(killer(24)), live)
    search(run, Inline(), replayed)
    assert replayed.metrics == live.metrics
    assert set(live.metrics[0]) == {"valid_accuracy", "epochs", "macs", "flops", "params"}


def test_a_search_whose_trials_all_fail_says_so(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    with pytest.raises(RunError, match="all 2 trials failed, the first with 'fitness is nan'"):
        search(run, Inline(), Evolution(1, 2, fixed=[NAN, RAISE]))
    summary = json.loads((run.path / "summary.json").read_text())
    assert (summary["status"], summary["trials"], summary["failed"], summary["best"]) == ("failed", 2, 2, None)
    assert summary["search"]["failures"] == {"fitness is nan": 1, "two lines": 1}
    assert "all 2 trials failed" in summary["reason"]


def test_a_strategy_without_proposals_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="proposed no network"):
        search(fresh(tmp_path / "run"), Inline(), Evolution(generations=0))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_search_says_how_to_continue(tmp_path: Path, number: signal.Signals) -> None:
    run, whole = fresh(tmp_path / "run"), fresh(tmp_path / "whole")
    search(whole, Inline())
    steps = iter(range(100))
    with pytest.raises(Interrupted, match="nas search --resume .*run"):
        search(run, Inline(lambda: os.kill(os.getpid(), number) if next(steps) == 6 else None))
    summary = json.loads((run.path / "summary.json").read_text())
    assert (summary["status"], summary["trials"]) == ("interrupted", 3)
    assert kinds(run)[-1] == "stop"
    assert search(run, Inline())["status"] == "completed"
    assert results(run) == results(whole)


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    with pytest.raises(Killed):
        search(run, Inline(killer(12)))
    with pytest.raises(RunError, match="another version of nas .trial 0 is another network"):
        search(run, Inline(), Evolution(fixed=[77]))
    with pytest.raises(RunError, match="6 trials where the search ends after 4"):
        search(run, Inline(), Evolution(generations=1))
    assert search(run, Inline())["status"] == "completed"


def test_a_journal_of_another_configuration_is_refused_and_left_alone(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    with pytest.raises(Killed):
        search(run, Inline(killer(3)))
    file = run.path / "journal.jsonl"
    text = file.read_text().replace('"config_digest":"d"', '"config_digest":"e"')
    file.write_text(text)
    with pytest.raises(RunError, match="another configuration"):
        search(run, Inline())
    assert file.read_text() == text


def test_a_full_disk_ends_the_search_with_one_line_and_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, whole = fresh(tmp_path / "run"), fresh(tmp_path / "whole")
    search(whole, Inline())
    real_write = os.write
    size = 3000
    file = run.path / "journal.jsonl"

    def write(descriptor: int, data: bytes) -> int:
        return real_write(descriptor, data[: max(0, size - file.stat().st_size)])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(RunError, match="disk is full: free some space, then continue the run with --resume"):
        search(run, Inline())
    monkeypatch.undo()
    assert file.read_bytes().endswith(b"}\n")
    assert kinds(run).count("trial") > 2
    search(run, Inline())
    assert results(run) == results(whole)


def test_an_error_of_the_strategy_is_kept_in_the_summary(tmp_path: Path) -> None:
    class Impossible(Evolution):
        def ask(self) -> list:
            raise ConfigError("max_flops=1 admits no network: raise it.")

    run = fresh(tmp_path / "run")
    with pytest.raises(ConfigError, match="max_flops=1"):
        search(run, Inline(), Impossible())
    assert json.loads((run.path / "summary.json").read_text())["reason"].startswith("max_flops=1")


def test_costs_and_seeds_are_journaled(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    search(run, Inline(), Evolution(1, 1, fixed=[10]))
    trial = run.events()[1]
    assert trial["cost"] == {"macs": 60, "flops": 120, "params": 72}
    assert trial["architecture"] == network(10).to_json()
    assert trial["origin"] == {"parent": 50}


def test_a_network_that_only_an_estimate_chose_is_made_at_the_end(tmp_path: Path) -> None:
    class Frugal(FakeEstimator):
        """Saves a network only when it is told that the search is over."""

        def estimate(self, architecture, seed, model_file, progress, hints):  # type: ignore[no-untyped-def]
            return super().estimate(architecture, seed, model_file if hints.final else None, progress, hints)

    run = fresh(tmp_path / "run")
    evaluator = Inline(estimator=Frugal())
    summary = search(run, evaluator)
    assert evaluator.evaluated.count(summary["best"]["id"]) == 2
    assert len(evaluator.evaluated) == 13
    assert (run.best / "model.keras").exists()
    assert summary["best"]["test_accuracy"] is not None


def test_networks_that_may_be_continued_are_kept_and_made_again_when_they_are_lost(tmp_path: Path) -> None:
    class Halving:
        """Three networks for one epoch, the best of them for two."""

        def __init__(self) -> None:
            self.batches = [[Proposal(i, 0, network(20 + i), budget=1) for i in range(3)]]

        def ask(self) -> list[Proposal]:
            return self.batches[0] if self.batches else []

        def tell(self, outcomes: list[Outcome]) -> None:
            if len(self.batches.pop(0)) == 3:
                best = max(outcomes, key=lambda outcome: (outcome.fitness, -outcome.trial)).trial
                self.batches = [[Proposal(3, 1, network(20 + best), budget=2, continues=best)]]

        def describe(self) -> dict:
            return {}

    class Continuing(FakeEstimator):
        def estimate(self, architecture, seed, model_file, progress, hints):  # type: ignore[no-untyped-def]
            if hints.continues is not None:
                assert hints.continues.file.exists() and hints.trained_epochs == 1
            return super().estimate(architecture, seed, model_file, progress, hints)

    continuing = Economies(continues=True)
    run = fresh(tmp_path / "run")
    with pytest.raises(Killed):
        search(run, Inline(killer(6), Continuing()), Halving(), economies=continuing)
    kept = sorted(file.name for file in run.models.iterdir())
    assert kept == ["0.keras", "1.keras", "2.keras"]
    for file in run.models.iterdir():
        file.unlink()
    evaluator = Inline(estimator=Continuing())
    summary = search(run, evaluator, Halving(), economies=continuing)
    assert len(evaluator.evaluated) == 2 and evaluator.evaluated[1] == 3
    assert (summary["best"]["id"], summary["best"]["budget"]) == (3, 2)
