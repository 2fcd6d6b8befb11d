"""What all tests share."""

import signal

from hypothesis import settings

# How long an example takes says something about the machine, not about the code.
settings.register_profile("nas", deadline=None)
settings.load_profile("nas")


def pytest_configure() -> None:
    """Lets Ctrl-C reach the tests that send it: a shell without job control starts background jobs that ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
