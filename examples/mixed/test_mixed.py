"""More than inserts: transactions stay whole, sessions see their own writes, replicas keep up."""


def test_a_mixed_load_keeps_its_promises(rds_trial, rds_cluster):
    trial = rds_trial(
        rds_cluster.writer_endpoint,
        workload={"write": 3, "transaction": 1, "read_your_write": 1, "read": 2},
        reader=rds_cluster.reader_endpoint,
        writers=8,
        rate=200,
    )

    trial.expect(downtime="< 2s", lost=0, duplicated=0, torn=0, unseen=0, stuck_writers=0)
    trial.expect(staleness="< 1s")  # a local cluster's reader sees every commit
