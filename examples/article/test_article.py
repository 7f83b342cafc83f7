"""A published experiment again: how long is a service down per failover, 15 trials an endpoint?"""

import pytest

from pytest_rdsfailover import Bounds, ReconnectPolicy

# What the article compared; a further endpoint is one more line.
ENDPOINTS = {"cluster": "writer_endpoint", "proxy": "proxy_endpoint"}
# A write that the proxy holds for a second shall be late, and not given up after one.
PATIENT = ReconnectPolicy(bounds=Bounds(read=3.0))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_downtime(rds_trials, rds_cluster, endpoint):
    trials = rds_trials(getattr(rds_cluster, ENDPOINTS[endpoint]), policy=PATIENT)

    trials.expect(lost=0, stuck_writers=0)  # in every trial that was run
    trials.expect(downtime="median < 13s")  # of all failovers, with 95 % confidence
