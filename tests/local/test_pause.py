"""A pause of the database is measured as long as it was, with slack for a busy machine."""

import time

import pytest
from fitness import fit
from watching import watch

pytestmark = pytest.mark.local
PAUSE = 0.5  # seconds
SLACK = 0.15  # seconds; far more than a busy machine adds, far less than a sampler each second


def test_a_pause_of_the_database_is_measured_as_long_as_it_was(plain_server):
    told = {}

    def freeze():
        begun = time.monotonic()
        with plain_server.frozen():
            frozen = time.monotonic()
            time.sleep(PAUSE)
            told["shortest"] = time.monotonic() - frozen
        told["longest"] = time.monotonic() - begun

    trial = fit(lambda: watch(plain_server, freeze))

    assert trial.downtime.upper >= told["shortest"]
    assert trial.downtime.lower <= told["longest"] + 0.02
    assert abs(float(trial.downtime) - PAUSE) < SLACK + (told["longest"] - told["shortest"])
    assert trial.clock.own_pause_in_gap < PAUSE / 2
