import keras
import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.devices import DEVICES, THIS_MACHINE, find_device
from nas_cli.costs.latency import Device, measure, roofline_ms
from nas_cli.costs.throughput import machine_flops, training_seconds
from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture, node

NET = Architecture((node("input", shape=(100,)), node("dense", (0,), units=10)))
COST = architecture_cost(NET)


def test_the_roofline_takes_what_binds() -> None:
    flops, moved = 2 * 1000 + 10, 4 * (100 + 1010 + 10)
    assert roofline_ms(COST, Device("slow arithmetic", 1e3, 1e12)) == pytest.approx(flops)
    assert roofline_ms(COST, Device("slow memory", 1e12, 1e3)) == pytest.approx(moved)


def test_predicted_training_time_is_three_forward_passes_for_each_image() -> None:
    assert training_seconds(COST, 100, 2, machine_flops=1e6, efficiency=0.5) == pytest.approx(200 * 3 * 2010 / 5e5)


def test_measurements_are_positive() -> None:
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
    assert measure([model], batch_size=2, repeats=3)[0].median_ms > 0
    assert machine_flops() > 0


def test_latency_states_how_it_was_measured() -> None:
    """Two models in turn, as before and after a compression."""
    models = [keras.Sequential([keras.Input((6,)), keras.layers.Dense(units)]) for units in (2, 3)]
    first, second = measure(models, batch_size=4, repeats=5)
    for latency in (first, second):
        assert 0 < latency.lower_ms <= latency.median_ms <= latency.upper_ms
        assert (latency.batch_size, latency.repeats) == (4, 5)
        assert latency.threads >= 1


def test_devices_are_found_by_name_and_the_others_refused() -> None:
    assert find_device("v100") is DEVICES["v100"]
    assert roofline_ms(COST, DEVICES["h200"]) < roofline_ms(COST, DEVICES["raspberry_pi_4"])
    with pytest.raises(ConfigError, match="unknown device 'v10'. Did you mean 'v100'.*Known: this_machine, p100"):
        find_device("v10")


def test_this_machine_is_measured() -> None:
    device = find_device(THIS_MACHINE)
    assert device.name == "this_machine"
    assert device.peak_flops > 1e8 and device.bandwidth > 1e8


def test_no_repeats_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be at least 1, got 1 and 0"):
        measure([], batch_size=1, repeats=0)
