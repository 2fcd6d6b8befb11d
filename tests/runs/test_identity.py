import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.errors import RunError
from nas_cli.runs.environment import environment
from nas_cli.runs.identity import check_same_config, config_digest
from nas_cli.runs.seeds import trial_seed

CONFIG = {"seed": 1, "resources": {"workers": 1, "threads": None}, "training": {"epochs": 3, "steps": (1, 2)}}


def test_workers_do_not_change_a_run() -> None:
    other = {**CONFIG, "resources": {"workers": 8, "threads": None}}
    assert config_digest(CONFIG) == config_digest(other)
    check_same_config(CONFIG, other)


def test_order_of_keys_and_tuples_do_not_change_a_run() -> None:
    other = {"training": {"steps": [1, 2], "epochs": 3}, "resources": CONFIG["resources"], "seed": 1}
    assert config_digest(CONFIG) == config_digest(other)
    check_same_config(CONFIG, other)


def test_the_first_key_that_differs_is_named() -> None:
    other = {**CONFIG, "training": {"epochs": 4, "steps": [1, 2]}}
    assert config_digest(CONFIG) != config_digest(other)
    with pytest.raises(RunError, match=r"made with training\.epochs=3, not 4"):
        check_same_config(CONFIG, other)
    with pytest.raises(RunError, match=r"made with extra=\(nothing\), not true"):
        check_same_config(CONFIG, {**CONFIG, "extra": True})
    with pytest.raises(RunError, match=r"made with seed=1, not \(nothing\)"):
        check_same_config(CONFIG, {key: value for key, value in CONFIG.items() if key != "seed"})


@given(st.integers(0, 2**63), st.integers(0, 10**6))
def test_seeds_fit_in_31_bits_and_repeat(run_seed: int, trial: int) -> None:
    assert 0 <= trial_seed(run_seed, trial) < 2**31
    assert trial_seed(run_seed, trial) == trial_seed(run_seed, trial)


def test_seeds_differ_between_trials_and_runs() -> None:
    # `printf 0/0 | sha256sum` begins with 5513e3ea.
    assert trial_seed(0, 0) == 0x5513E3EA // 2
    assert len({trial_seed(run, trial) for run in range(20) for trial in range(50)}) == 1000


def test_the_environment_is_known_without_importing_what_it_names() -> None:
    found = environment(["nas", "search"], ["seed=1"])
    assert found["argv"] == ["nas", "search"]
    assert found["overrides"] == ["seed=1"]
    assert found["packages"]["tensorflow"].startswith("2.")
    assert found["cores"] >= 1
    assert found["memory_bytes"] > 1e8
