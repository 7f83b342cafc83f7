"""The writer moves to the other region of a global database, while the application writes."""

import pytest


@pytest.mark.rds_instances(3)
@pytest.mark.rds_global(1)
def test_nothing_is_lost_when_the_writer_moves_abroad(rds_cluster, rds_client, rds_load):
    before = rds_cluster.writer
    (world,) = rds_client.describe_global_clusters()["GlobalClusters"]
    away = next(member for member in world["GlobalClusterMembers"] if not member["IsWriter"])
    with rds_load(rds_cluster.writer_endpoint, writers=8) as load:
        load.warm_up()
        rds_client.switchover_global_cluster(
            GlobalClusterIdentifier=world["GlobalClusterIdentifier"],
            TargetDbClusterIdentifier=away["DBClusterArn"],
        )

    load.trial.expect(lost=0)
    assert rds_cluster.writer != before
