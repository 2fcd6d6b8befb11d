"""What is found out about a network before it is shrunk."""

import keras
import pytest

from nas_cli.costs.latency import Device
from nas_cli.errors import ConfigError
from nas_cli.morph.shrunk import check_reduction, removable_line
from nas_cli.surgery.channels import find_channels
from tests.morph import nets

layers = keras.layers


def half_normed() -> keras.Model:
    """Of two wide layers only the first has a batch norm."""
    inputs = nets.image()
    x = layers.Conv2D(16, 3, padding="same", name="conv_b")(nets.normed(inputs, 4, 3, "a"))
    return nets.classifier(inputs, x)


def test_channels_that_no_weight_decides_about_are_not_there_to_be_removed() -> None:
    """With the gammas of norm_a alone conv_b keeps its 16 channels: of 4 channels 3 can go, not of 16."""
    channels = find_channels(half_normed())
    check_reduction(channels, nets.settings(reduction=0.9), None)
    check_reduction(channels, nets.settings(regularizer="gamma", reduction=0.7), None)
    # 2·64·(27·4 + 36·16) + 64 FLOPs before, 2·64·(27·1 + 9·16) + 64 after.
    with pytest.raises(ConfigError, match=r"at most 74\.9% of this network's flops can go"):
        check_reduction(channels, nets.settings(regularizer="gamma", reduction=0.76), None)


def test_a_latency_target_is_checked_on_the_device_that_is_passed() -> None:
    settings = nets.settings(target="latency", device="this_machine", reduction=0.5)
    line = removable_line(nets.chain(), "chain", settings, Device("this_machine", 1e9, 1e8))
    assert line.startswith("chain: 12 channels in 3 groups can be removed")
