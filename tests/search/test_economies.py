"""What later generations take from earlier ones, and that kills and workers change nothing of it."""

import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from nas_cli.search.economies import Economies
from nas_cli.search.pool import WorkerPool
from nas_cli.search.worker import WorkerSettings
from tests.search.fake_morph import FakeMorph, Recorded, morph_search, timeless
from tests.search.fakes import Evolution, Inline, fresh, results, search
from tests.search.test_loop import Killed, killer

HOW = {"A": ("modules", 2), "B": ("none", 1)}
"""Inheritance of every second generation's compressed modules; or none, where equal networks come again."""


@pytest.fixture(scope="module", params=HOW)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    run = fresh(tmp_path_factory.mktemp("whole") / "run")
    strategy = Recorded(*HOW[request.param])
    morph_search(run, Inline(estimator=FakeMorph()), strategy)
    return run, strategy, lambda: Recorded(*HOW[request.param])


def test_the_fake_search_uses_everything(whole) -> None:
    """Or the tests below would show nothing."""
    trials, inherits = timeless(whole[0]), whole[2]().inherits
    assert inherits or any("cached_from" in event for event in trials)
    assert any(event["status"] == "failed" for event in trials)
    assert any("trained" in event for event in trials)
    assert inherits == any("trained" not in event for event in trials if event["generation"] % 2 and event["fitness"])


def test_resume_from_every_prefix_of_the_journal_equals_the_uninterrupted_run(whole, tmp_path: Path) -> None:
    """Here the networks of the journal's trials are gone too: donors are trained again, from their own donors."""
    lines = (whole[0].path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for cut in range(len(lines)):
        run = fresh(tmp_path / str(cut))
        (run.path / "journal.jsonl").write_bytes(b"".join(lines[:cut]))
        morph_search(run, Inline(estimator=FakeMorph()), whole[2]())
        assert timeless(run) == timeless(whole[0])
        assert results(run) == results(whole[0])


def test_killed_before_every_step_and_resumed_equals_the_uninterrupted_run(whole, tmp_path: Path) -> None:
    """A new network is trained at most once more: its donors survive the kill."""
    steps = 0
    while True:
        run = fresh(tmp_path / str(steps))
        try:
            morph_search(run, Inline(killer(steps), FakeMorph()), whole[2]())
            break
        except Killed:
            journaled = {event["id"] for event in run.events() if event["event"] == "trial"}
        again, strategy = Inline(estimator=FakeMorph()), whole[2]()
        morph_search(run, again, strategy)
        assert timeless(run) == timeless(whole[0])
        assert strategy.outcomes == whole[1].outcomes
        assert not journaled & set(again.evaluated)
        steps += 1
    assert steps > 20


def test_one_worker_and_two_give_the_same(whole, tmp_path: Path) -> None:
    for count in (1, 2):
        run = fresh(tmp_path / str(count))
        with WorkerPool(WorkerSettings(threads=1, tensorflow=False), count, run.log) as pool:
            pool.start()
            pool.use(FakeMorph)
            morph_search(run, pool, whole[2]())
        assert timeless(run) == _with_reasons(timeless(whole[0]))


def _with_reasons(events: list) -> list:
    return [event | {"reason": event["reason"] and f"ValueError: {event['reason']}"} for event in events]


def test_a_cached_trial_takes_the_score_of_the_first_equal_network_and_no_time(whole) -> None:
    events = {event["id"]: event for event in whole[0].events() if event["event"] == "trial"}
    cached = [event for event in events.values() if "cached_from" in event]
    for event in cached:
        source = events[event["cached_from"]]
        assert "cached_from" not in source and source["generation"] < event["generation"]
        for key in ("architecture", "fitness", "trained", "extra"):
            assert event.get(key) == source.get(key)
        assert event["seconds"] == 0.0 == event["metrics"]["train_seconds"]


def test_a_score_with_compression_is_none_of_the_same_network_without_it(tmp_path: Path) -> None:
    class Alternating(Evolution):
        def ask(self):  # type: ignore[no-untyped-def]
            return [replace(p, compress=p.generation % 2 == 0) for p in super().ask()]

    run, evaluator = fresh(tmp_path / "run"), Inline()
    search(run, evaluator, Alternating(3, 1, fixed=[7, 7, 7]), economies=Economies(cache=True))
    assert [event.get("cached_from") for event in timeless(run)] == [None, None, 0]


def test_equal_networks_of_one_generation_are_all_trained(tmp_path: Path) -> None:
    run, evaluator = fresh(tmp_path / "run"), Inline()
    search(run, evaluator, Evolution(2, 3, fixed=[7, 7, 7, 7, 8, 7]), economies=Economies(cache=True))
    assert sorted(evaluator.evaluated) == [0, 1, 2, 4]
    assert [event.get("cached_from") for event in timeless(run)] == [None, None, None, 0, None, 0]


def test_without_economies_every_trial_stands_alone(tmp_path: Path) -> None:
    run, evaluator = fresh(tmp_path / "run"), Watching()
    search(run, evaluator, Evolution(2, 3, fixed=[7, 7, 7, 7, 8, 7]))
    assert len(evaluator.evaluated) == 6
    assert all(hints.bar is None and not hints.donors for hints in evaluator.hints.values())


def test_the_bar_is_the_median_fitness_of_the_generation_before(tmp_path: Path) -> None:
    run, evaluator = fresh(tmp_path / "run"), Watching()
    search(run, evaluator, Evolution(3, 4), economies=Economies(stop_early=True))
    fitness = [event["fitness"] for event in timeless(run)]
    bars = {trial: hints.bar for trial, hints in evaluator.hints.items()}
    assert [bars[trial] for trial in (0, 4, 8)] == [None, *(statistics.median(fitness[i : i + 4]) for i in (0, 4))]


def test_all_networks_are_kept_for_reuse_until_the_end(tmp_path: Path) -> None:
    run, evaluator = fresh(tmp_path / "run"), Watching(estimator=FakeMorph())
    morph_search(run, evaluator, economies=Economies(reuse=True))
    used = {(donor.trial, donor.file) for hints in evaluator.hints.values() for donor in hints.donors}
    assert len(used) > 1 and all(file == run.models / f"{trial}.keras" for trial, file in used)
    assert not run.models.exists()


class Watching(Inline):
    """Keeps the hints of every job."""

    def evaluate(self, jobs, listener):  # type: ignore[no-untyped-def]
        self.hints = {**getattr(self, "hints", {}), **{job.trial: job.hints for job in jobs}}
        return super().evaluate(jobs, listener)
