"""Who waits for the last failover before the cluster is given to the next."""

import signal
from contextlib import suppress
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.live.backend import LiveBackend
from pytest_rdsfailover.model.live_settings import LiveSettings

ASKED = LiveSettings(
    cluster="orders", account="111122223333", region="eu-west-1", schema="failover"
)


pytestmark = pytest.mark.usefixtures("usual_signals")


@pytest.mark.parametrize(
    ("number", "rests"), [(None, 1), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 0)]
)
def test_a_run_that_was_told_to_end_waits_for_no_failover(tmp_path, number, rests):
    done = []
    with LiveBackend(ASKED, tmp_path) as backend:
        backend._cluster = SimpleNamespace(
            rest=lambda: done.append("rested"), close=lambda: done.append("closed")
        )
        assert backend._ledger.acquire(0.0)
        with suppress(KeyboardInterrupt):
            if number is not None:
                signal.raise_signal(number)
        backend.release()
        with LiveBackend(ASKED, tmp_path) as other:
            assert other._ledger.acquire(0.0)  # the lock is free in any case

    assert done == ["rested"] * rests + ["closed"]
