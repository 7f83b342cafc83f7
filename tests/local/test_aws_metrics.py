"""CloudWatch's `AWS/RDS`, asked by boto3, while clients are connected and write."""

from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("moto")
pytest.importorskip("flask")

from region import refusal
from waiting import until

# The API asks the gateway, never the server.
pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("local/aws_api")]

CLUSTER, PROXY = {"DBClusterIdentifier": "rdsfailover"}, {"ProxyName": "rdsfailover-proxy"}


@pytest.fixture
def cloudwatch(resting):
    yield resting.aws.client("cloudwatch")
    resting.aws.undo()


def named(dimensions):
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def span(since):
    return {"StartTime": since, "EndTime": datetime.now(UTC) + timedelta(seconds=2)}


def highest(cloudwatch, name, dimensions, since):
    """Return the highest value of a metric since a time; -1 before there is any."""
    query = {
        "Namespace": "AWS/RDS", "MetricName": name, "Dimensions": named(dimensions), "Period": 60,
        "Statistics": ["Maximum"],
    }  # fmt: skip
    found = cloudwatch.get_metric_statistics(**query, **span(since))["Datapoints"]
    return max((one["Maximum"] for one in found), default=-1)


def test_connections_and_commits_are_shown_by_instance_and_role(resting, cloudwatch):
    since = datetime.now(UTC)
    own, role = {"DBInstanceIdentifier": resting.writer}, {"Role": "WRITER", **CLUSTER}
    with (
        resting.writer_endpoint.connect(),
        resting.writer_endpoint.connect() as client,
        client.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE IF NOT EXISTS metrics (i INT)")
        for dimensions in (own, role):
            until(lambda d=dimensions: highest(cloudwatch, "DatabaseConnections", d, since) == 2)
        since = datetime.now(UTC)  # the first figures may tell of a reader that this was before
        cursor.execute("INSERT INTO metrics VALUES (1)")
        client.commit()
        until(lambda: highest(cloudwatch, "CommitLatency", own, since) > 0)
    assert highest(cloudwatch, "AuroraReplicaLag", own, since) == -1
    assert highest(cloudwatch, "AuroraReplicaLag", {"Role": "READER", **CLUSTER}, since) > 0


def test_the_data_of_the_proxy_are_found_by_dimensions_in_any_order(resting, cloudwatch):
    since = datetime.now(UTC)
    by_role = {"TargetRole": "READ_WRITE", "TargetGroup": "default", **PROXY}

    def most(name, dimensions):
        metric = {"Namespace": "AWS/RDS", "MetricName": name, "Dimensions": named(dimensions)}
        query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
        answer = cloudwatch.get_metric_data(MetricDataQueries=[query], **span(since))
        return max(answer["MetricDataResults"][0]["Values"], default=-1)

    with resting.proxy_endpoint.connect() as client, client.cursor() as cursor:
        cursor.execute("SELECT 1")
        until(lambda: most("ClientConnections", PROXY) == 1)
        until(lambda: most("DatabaseConnections", by_role) >= 1)


def test_a_metric_is_listed_once_with_each_set_of_dimensions(cloudwatch):
    def listed():
        query = {"Namespace": "AWS/RDS", "MetricName": "DatabaseConnections"}
        pages = cloudwatch.get_paginator("list_metrics").paginate(
            **query, Dimensions=named(CLUSTER)
        )
        return [
            sorted(one["Name"] for one in metric["Dimensions"])
            for metric in pages.build_full_result()["Metrics"]
        ]

    until(listed)
    cluster = ["DBClusterIdentifier"]
    assert sorted(listed()) == [cluster, [*cluster, "Role"], [*cluster, "Role"]]


def test_figures_that_nobody_computes_are_refused_and_never_left_out(cloudwatch):
    """A runbook that waits for a percentile would find points without it."""
    since, metric = span(datetime.now(UTC)), {"Namespace": "AWS/RDS", "MetricName": "CommitLatency"}
    one = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}
    tail = {**one, "MetricStat": {**one["MetricStat"], "Stat": "p99"}}
    asked = {**metric, **since, "Period": 60, "ExtendedStatistics": ["p99"]}
    assert refusal(cloudwatch.get_metric_statistics, **asked) == "NotImplemented"
    for queries in ([one, {"Id": "b", "Expression": "a * 2"}], [tail]):
        asked = {**since, "MetricDataQueries": queries}
        assert refusal(cloudwatch.get_metric_data, **asked) == "NotImplemented"

    queries = [one, {"Id": "b", "Expression": "a"}]
    assert (
        len(cloudwatch.get_metric_data(MetricDataQueries=queries, **since)["MetricDataResults"])
        == 2
    )
