import json

import numpy as np
import pytest

from nas_cli.oneshot.guards import entropy, signs, skip_count, stop_reason

OPERATIONS = ("none", "skip_connect", "nor_conv_3x3", "avg_pool_3x3")


def test_entropy_by_hand() -> None:
    gamma = np.array([[0.25] * 4, [0, 1, 0, 0], [0.5, 0.5, 0, 0], [0.125, 0, 0, 0.125], [0, 0, 0, 0]])
    np.testing.assert_allclose(entropy(gamma), [1, 0, 0.5, 0.5, 0], atol=1e-9)
    assert entropy(np.array([[1.0]])) == pytest.approx([0])


def test_signs_and_the_stop_on_skips() -> None:
    gamma = {"normal": np.array([[0.4, 0.3, 0.2, 0.1], [0.0, 0.9, 0.1, 0.0]])}
    found = signs(gamma, {"normal": ("skip_connect", "skip_connect"), "reduction": ("avg_pool_3x3",)}, OPERATIONS)
    assert found.skips == {"normal": 2, "reduction": 0}
    assert found.dominant == {"normal": ("none", "skip_connect")}
    assert stop_reason(found, 2, "normal") is stop_reason(found, None, "normal") is None
    assert stop_reason(found, 1, "normal") == "2 skip connections in the derived normal cell, more than 1"
    assert json.loads(json.dumps(found.to_json()))["skips"]["normal"] == 2
    assert skip_count(()) == 0
