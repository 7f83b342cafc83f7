from pytest_rdsfailover import ReconnectPolicy


def test_the_application_survives_a_switchover(rds_trial, rds_cluster):
    trial = rds_trial(rds_cluster.writer_endpoint, failover="blue-green-fast")

    trial.expect(downtime="< 15s", lost=0, stale_writes=0)


def test_a_pool_that_keeps_its_connections_stays_on_blue(rds_trial, rds_cluster):
    keeps = ReconnectPolicy(on_read_only=False)
    trial = rds_trial(
        rds_cluster.writer_endpoint, failover="blue-green-fast", policy=keeps, bound="6s"
    )

    assert trial.stuck_writers > 0  # blue refuses its writes for ever
