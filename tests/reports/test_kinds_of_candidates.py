"""Reports of searches whose candidates are points, networks of neurons, or have budgets; and of very many trials."""

import re
from pathlib import Path

from nas_cli import reports
from nas_cli.reports.history import History
from nas_cli.reports.outcome import best_so_far, species
from nas_cli.reports.plots.neurons import layered
from nas_cli.reports.thinning import LISTED
from nas_cli.spaces.neural_network import NeuralNetwork, Unit
from tests.reports import journals
from tests.reports.test_report import Page, report


def test_a_search_of_points_shows_the_best_point_and_what_mattered(tmp_path: Path) -> None:
    text = Page(report(tmp_path / "run", journals.point_events(trials=40))).text
    assert "Best point" in text
    assert "operationconv" in text
    assert "Importance of the decisions" in text
    assert "Scores by decision" in text
    assert "FLOPs" not in text.replace("Whole configuration", "")
    assert {"importance.png", "decisions.png"} <= {path.name for path in (tmp_path / "run" / "plots").iterdir()}


def test_too_few_points_say_so(tmp_path: Path) -> None:
    assert "Too few trials to say which decisions matter: 4" in report(
        tmp_path / "run", journals.point_events(trials=4)
    )


def test_budgets_are_rungs_and_the_best_is_one_of_the_largest(tmp_path: Path) -> None:
    events = journals.point_events(trials=20, budgets=(4, 16))
    events[1]["fitness"] = events[1]["metrics"]["valid_accuracy"] = 0.99
    history = History(events)
    assert history.best is not None
    assert history.best.budget == 16
    assert history.best.fitness == max(trial.fitness or 0 for trial in history.trials if trial.budget == 16)
    assert best_so_far(history)[0] == (1, 0.99)
    assert best_so_far(history)[1][1] < 0.99
    text = Page(report(tmp_path / "run", events)).text
    assert "10 with 4, 10 with 16 epochs" in text
    assert "highest fitness of the trials of the largest budget" in text


def test_a_network_of_neurons_is_drawn_and_listed(tmp_path: Path) -> None:
    page = report(tmp_path / "run", journals.neural_events())
    text = Page(page).text
    assert 'aria-label="Best network (trial 1)"' in page
    assert "n3 (output)tanh0x0 · 0.25, n2 · 3" in text
    assert "Species of networks" in text


def test_neurons_stand_behind_what_they_read_and_outputs_last() -> None:
    units = (Unit(0.0, "tanh", ((0, 1.0),)), Unit(0.0, "tanh", ((2, 1.0),)), Unit(0.0, "linear", ((1, 1.0),)))
    assert [layer for layer, _ in layered(NeuralNetwork(2, units, 1))] == [0, 0, 1, 2, 3]


def test_species_of_one_population_may_have_no_name() -> None:
    history = History([{"event": "generation", "index": 0, "strategy": {"species": {"3": 5}}}])
    assert species(history) == {"network": {0: {"3": 5}}}


def test_a_proxy_is_a_fitness_and_the_test_keeps_its_own_measure(tmp_path: Path) -> None:
    events = journals.point_events(trials=3)
    for event in events:
        if event["event"] == "trial":
            event["metrics"] = {"synflow": event["fitness"]}
    text = Page(report(tmp_path / "run", events)).text
    assert "Best fitness" in text or "Best validation fitness" in text
    assert "Test accuracy90.00 %" in text


def test_another_measure_takes_its_name_and_direction_from_the_journal() -> None:
    history = History(
        [{"event": "trial", "id": 0, "status": "ok", "fitness": -4.0, "metrics": {"valid_depth_error": 4.0}}]
    )
    assert (history.measure.label, history.measure.higher_is_better) == ("depth error", False)
    assert history.score(history.trials[0]) == 4.0


def test_filtered_trials_are_not_called_failed(tmp_path: Path) -> None:
    events = journals.point_events(trials=3)
    events[1] |= {"status": "failed", "fitness": None, "reason": "filtered: synflow 1 is below 2"}
    text = report(tmp_path / "run", events)
    assert ">filtered: synflow 1 is below 2<" in text


def test_very_many_trials_are_thinned_and_said_to_be(tmp_path: Path) -> None:
    page = report(tmp_path / "run", journals.point_events(trials=3000))
    rows = re.findall(r'<tr class="[^"]*" id="trial-(\d+)"', page)
    assert len(rows) == LISTED
    assert f"The best {LISTED} of 3000 trials" in page
    assert set(re.findall(r'href="#trial-(\d+)"', page)) <= set(rows)
    assert "2000 of 3000 trials are drawn" in page
    assert len((tmp_path / "run" / "trials.csv").read_text().splitlines()) == 3001
    assert len(page) < 2_000_000


def test_evil_decisions_are_escaped(tmp_path: Path) -> None:
    events = journals.point_events(trials=30)
    for event in events[1:31]:
        evil = {"<b>name</b>" + name: f"<i>{value}</i>" for name, value in event["architecture"]["point"].items()}
        event["architecture"], event["origin"] = {"point": evil}, {"genotype": evil}
    run = journals.write_run(tmp_path / "run", events)
    pages = [reports.build(run)[-1], reports.compare([run], tmp_path / "out")[-1]]
    for page in pages:
        text = page.read_text()
        assert "<b>name" not in text
        assert "<i>" not in text
