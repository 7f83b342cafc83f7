"""What a team runs on a game day; knows nothing of tests."""

import time

import boto3


def drill(cluster, patience=120.0):
    """Fail a cluster over, wait until AWS says it is done, and return the new writer."""
    rds = boto3.client("rds")
    rds.failover_db_cluster(DBClusterIdentifier=cluster)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        time.sleep(0.5)
        found = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]
        if found["Status"] == "available":
            members = found["DBClusterMembers"]
            return next(m["DBInstanceIdentifier"] for m in members if m["IsClusterWriter"])
    raise TimeoutError(f"{cluster} is still failing over")
