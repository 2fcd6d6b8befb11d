"""What all tests share."""

import signal


def pytest_configure() -> None:
    """Lets Ctrl-C reach the tests that send it: a shell without job control starts background jobs that ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
