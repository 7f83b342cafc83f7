"""Two pools meet the same failover: one drops connections that became read-only, one keeps them."""

import pytest

from pytest_rdsfailover import ReconnectPolicy

WRITERS = 8


@pytest.mark.rds_profile("stuck-pool")
@pytest.mark.parametrize(
    ("pool", "stuck"), [("drops", 0), ("keeps", WRITERS)], ids=["drops", "keeps"]
)
def test_a_pool_after_a_failover(rds_trial, rds_cluster, pool, stuck):
    trial = rds_trial(
        rds_cluster.writer_endpoint,
        policy=ReconnectPolicy(on_read_only=pool == "drops"),
        writers=WRITERS,
        rate=400,
        bound="4s",
    )

    trial.expect(lost=0, stuck_writers=stuck)
