"""The team's own drill, against a local cluster: `rds_aws` leads its boto3 there."""

from drill import drill


def test_the_drill_moves_the_writer_and_loses_nothing(rds_cluster, rds_aws, rds_load):
    before = rds_cluster.writer
    with rds_load(rds_cluster.writer_endpoint, writers=8) as load:
        load.warm_up()
        after = drill(rds_aws.cluster)

    assert after == rds_cluster.writer != before
    assert load.trial.lost == []
    assert load.trial.downtime < 2.0


def test_the_drill_leaves_its_trace_in_the_events(rds_cluster, rds_aws, rds_client):
    drill(rds_aws.cluster)

    events = rds_client.describe_events(SourceType="db-cluster", EventCategories=["failover"])
    told = [event["Message"] for event in events["Events"]]
    assert told[-1] == f"Completed customer initiated failover to DB instance: {rds_cluster.writer}"
