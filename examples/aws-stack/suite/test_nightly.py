"""Taken every night by CodeBuild, inside the VPC; at home it runs on a local cluster."""

import os

import pytest

HAS_PROXY = os.environ.get("PROXY") != ""  # the stack says so; a local cluster has one


@pytest.mark.parametrize("through", ["cluster", "proxy"] if HAS_PROXY else ["cluster"])
def test_writes_survive_a_failover(rds_trial, rds_cluster, through):
    endpoint = rds_cluster.proxy_endpoint if through == "proxy" else rds_cluster.writer_endpoint

    trial = rds_trial(endpoint, writers=16, rate=200)

    trial.expect(downtime="< 30s", lost=0, duplicated=0, stuck_writers=0)
