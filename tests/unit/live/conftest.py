"""What tests of live mode share."""

import signal

import pytest


@pytest.fixture
def usual_signals():
    """What a run in the background was told to ignore is as in a terminal here."""
    numbers = {
        signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }  # fmt: skip
    before = {number: signal.signal(number, usual) for number, usual in numbers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
