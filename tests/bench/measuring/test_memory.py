import pytest

from nas_cli.bench.measuring.memory import check_memory
from nas_cli.distributed.preflight import PROCESS_BYTES
from nas_cli.errors import LaunchError


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    free = 4 * PROCESS_BYTES
    check_memory(2, "vgg16", 10, free, weight_bytes=0.0, image_bytes=PROCESS_BYTES / 10)
    with pytest.raises(LaunchError, match=r"4 processes with vgg16 .* -np 2 would fit\."):
        check_memory(4, "vgg16", 10, free, weight_bytes=0.0, image_bytes=PROCESS_BYTES / 10)
    with pytest.raises(LaunchError, match=r"-np 3 or bench\.batch=5 would fit\."):
        check_memory(4, "vgg16", 10, 6 * PROCESS_BYTES, weight_bytes=0.0, image_bytes=PROCESS_BYTES / 10)
    with pytest.raises(LaunchError, match="take a smaller model or bench.image_size"):
        check_memory(4, "vgg16", 1, PROCESS_BYTES / 2, weight_bytes=0.0, image_bytes=1.0)
