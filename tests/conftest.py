"""What all tests share."""

import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example takes says something about the machine, not about the code.
settings.register_profile("nas", deadline=None)
settings.load_profile("nas")


@pytest.fixture(autouse=True)
def full_precision() -> Iterator[None]:
    """A training in half precision does not decide for the tests behind it."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")


def pytest_configure() -> None:
    """Lets Ctrl-C reach the tests that send it: a shell without job control starts background jobs that ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
