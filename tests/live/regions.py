"""A region with one cluster in it, and what its owner may do there."""

import dataclasses
import os
import uuid
from typing import Any

from pytest_rdsfailover.live import gates
from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.model.live_settings import LiveSettings

ACCOUNT = "123456789012"  # moto's
REGION_ABROAD = "us-west-2"


@dataclasses.dataclass
class StandIn:
    """A region with one cluster in it, and what its owner may do there."""

    cluster: LocalCluster
    _clients: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def url(self):
        return self.cluster.aws.place.url

    def client(self, service):
        if service not in self._clients:
            self._clients[service] = self.cluster.aws.client(service)
        return self._clients[service]

    @property
    def described(self):
        return self.client("rds").describe_db_clusters()["DBClusters"][0]

    def abroad(self):
        """Return a client of the other region's RDS, and the other cluster of the global database."""
        import boto3

        rds = boto3.client("rds", region_name=REGION_ABROAD, endpoint_url=self.url)
        return rds, rds.describe_db_clusters()["DBClusters"][0]

    def tag(self, **tags):
        """Give the cluster exactly these tags; `__` stands for a colon."""
        self._tag(self.client("rds"), self.described, tags)

    def tag_abroad(self, **tags):
        """Give the other region's cluster exactly these tags."""
        self._tag(*self.abroad(), tags)

    def _tag(self, rds, described, tags):
        arn, old = described["DBClusterArn"], described["TagList"]
        new = [{"Key": key.replace("__", ":"), "Value": value} for key, value in tags.items()]
        if new == old:
            return
        if old:
            rds.remove_tags_from_resource(ResourceName=arn, TagKeys=[tag["Key"] for tag in old])
        if new:
            rds.add_tags_to_resource(ResourceName=arn, Tags=new)

    def alarm(self, name, state):
        """Have an alarm in a state."""
        cloudwatch = self.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=name, MetricName="errors", Namespace="app", Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")

    def settings(self, **changes):
        """Return what a user with good intentions would ask for."""
        usual = {
            "cluster": self.cluster.aws.cluster,
            "account": ACCOUNT,
            "region": "us-east-2",
            "schema": self.cluster.writer_endpoint.database,
            "endpoint_url": self.url,
            "tls": "off",
            "min_interval": 0.0,
            "poll": 0.1,
            "effect_within": 5.0,
            "lock_wait": 0.2,
        }
        return LiveSettings(**(usual | changes))


def at_rest(region, monkeypatch):
    """Return a region, healthy, and have the variables of somebody who may act there."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "RDS_"))]:
        monkeypatch.delenv(name)
    for name, value in region.cluster.aws.environment().items():
        if name != "AWS_ENDPOINT_URL":  # the option must do
            monkeypatch.setenv(name, value)
    region.cluster.rest()
    region.tag(rdsfailover__allowed="true")
    return region


def shut(gate, monkeypatch):
    """Have one of the gates refuse whatever it is shown."""

    def refuse(_):
        return "planted"

    refuse.__name__ = gate.__name__
    planted = tuple(refuse if other is gate else other for other in gates.GATES)
    monkeypatch.setattr(gates, "GATES", planted)


def template_for(stand_in, target):
    """Make an experiment template and return its id."""
    made = stand_in.client("fis").create_experiment_template(
        clientToken=uuid.uuid4().hex,
        description="a failover",
        stopConditions=[{"source": "none"}],
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/fis",
        targets={
            "clusters": {"resourceType": "aws:rds:cluster", "selectionMode": "ALL"} | target
        },
        actions={
            "fail": {
                "actionId": "aws:rds:failover-db-cluster", "targets": {"Clusters": "clusters"}
            }
        },
    )  # fmt: skip
    return made["experimentTemplate"]["id"]
