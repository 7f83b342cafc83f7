"""The same test at home and, every night, against a real cluster inside its VPC."""


def test_orders_survive_failover(rds_trial, rds_cluster):
    trial = rds_trial(rds_cluster.writer_endpoint, writers=16, rate=200)

    trial.expect(downtime="< 30s", lost=0, duplicated=0, stale_writes=0, stuck_writers=0)
