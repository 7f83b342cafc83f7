"""What is learned of a blue/green deployment: both clusters, and failovers of either."""

import time
from datetime import UTC, datetime

import pytest
from facts import ARN, BLUE_GREEN, GREEN, member, settings

from pytest_rdsfailover.live import gatherer
from pytest_rdsfailover.live.evidence import TriggerPlan
from pytest_rdsfailover.live.gatherer import Gatherer
from pytest_rdsfailover.live.ledger import Ledger

TWINS = {"orders-test": ("one", "two"), "orders-test-green-abc123": ("one-green-def456",)}


class Aws:
    """A region with a cluster and its green twin."""

    def __init__(self):
        self.target, self.writers = GREEN, 1

    def caller(self):
        return {"Account": "111122223333", "Arn": "me", "offset": 0.0, "uncertainty": 0.5}

    def cluster(self, name):
        members = [
            {"DBInstanceIdentifier": one, "IsClusterWriter": number < self.writers}
            for number, one in enumerate(TWINS[name])
        ]
        return {
            "DBClusterIdentifier": name, "DBClusterArn": ARN.replace("orders-test", name),
            "Engine": "aurora-mysql", "Status": "available", "DBClusterMembers": members,
            "Endpoint": f"{name}.example", "ReadReplicaIdentifiers": ["arn:1"],
        }  # fmt: skip

    def instances(self, name):
        return [
            {"DBInstanceIdentifier": one, "DBInstanceArn": member(one).arn, "DBInstanceStatus": "available"}
            for one in TWINS[name]
        ]  # fmt: skip

    def deployment(self, name):
        assert name == "bgd-1"
        return {
            "BlueGreenDeploymentIdentifier": name, "Status": "AVAILABLE", "Source": ARN,
            "Target": self.target,
        }  # fmt: skip

    def alarms(self, _):
        return {}

    def events(self, name, _):
        day = {"orders-test": 1, "orders-test-green-abc123": 2}[name]
        at = datetime(2026, 11, day, tzinfo=UTC)
        return [{"Message": "Completed failover to DB instance: x", "Date": at}]

    def deployment_events(self, _):
        return [
            {"Message": f"Switchover from DB cluster {name} to green {end}", "Date": datetime(2026, 11, day, tzinfo=UTC)}
            for day, name, end in (
                (3, "orders-test", "started."), (4, "orders-test", "was canceled due to lag."),
                (5, "stock-test", "started."), (6, "orders-test-2", "started."),
            )
        ]  # fmt: skip


@pytest.fixture
def gathered(monkeypatch, tmp_path):
    monkeypatch.setattr(gatherer, "check_sdk", lambda *_: None)

    def gather(aws, **asked):
        ledger = Ledger(tmp_path, "orders", session="one")
        return Gatherer(settings(**asked), aws, ledger).evidence(None)

    return gather


def test_times_of_aws_are_put_on_our_clock_though_this_machine_s_is_set_meanwhile(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(gatherer, "check_sdk", lambda *_: None)
    monkeypatch.setattr(time, "monotonic", lambda: 10.0)
    aws, told = Aws(), {"Account": "111122223333", "Arn": "me"}
    made = Gatherer(settings(), aws, Ledger(tmp_path, "orders", session="one"))

    def at(wall):
        monkeypatch.setattr(time, "time", lambda: wall)
        return made.now(), made.to_monotonic(1005.0)

    assert at(1000.0) == (1000.0, 15.0)  # nobody has asked AWS
    aws.caller = lambda: told | {"offset": 2.0}
    made.evidence(None)
    assert at(1000.0) == at(4600.0) == at(-2600.0) == (1002.0, 13.0)
    aws.caller = lambda: told | {"offset": None}  # an answer without a time changes nothing
    made.evidence(None)
    assert at(4600.0) == (1002.0, 13.0)


def test_both_clusters_are_described_and_the_plan_names_the_writer_of_each(gathered):
    evidence = gathered(Aws(), **BLUE_GREEN)

    assert evidence.unknown == ()
    assert evidence.plan == TriggerPlan(writer="one", target="one-green-def456")
    assert (evidence.home.id, evidence.green.arn) == ("orders-test", GREEN)
    assert evidence.touched == (evidence.home, evidence.green)
    assert evidence.home.replicas == ("arn:1",)
    assert [datetime.fromtimestamp(at, UTC).day for at in evidence.failovers] == [1, 2, 3, 4]


def test_another_trigger_asks_for_no_deployment(gathered):
    aws = Aws()
    aws.deployment = None  # asking it would fail
    evidence = gathered(aws)

    assert (evidence.unknown, evidence.deployment, evidence.green) == ((), None, None)
    assert evidence.touched == (evidence.home,)
    # Whose trigger is another has to keep away from others' switchovers as well.
    assert [datetime.fromtimestamp(at, UTC).day for at in evidence.failovers] == [1, 3, 4]
    assert evidence.plan == TriggerPlan(writer="one", target=None)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("", "bgd-1 is AVAILABLE and has no green cluster: wait until it is AVAILABLE"),
        (member("one").arn, f"{member('one').arn} is no cluster's ARN"),
    ],
)
def test_a_deployment_without_a_green_cluster_is_not_known(gathered, target, said):
    aws = Aws()
    aws.target = target
    evidence = gathered(aws, **BLUE_GREEN)

    assert evidence.deployment is None
    (why,) = evidence.unknown
    assert why.startswith("the blue/green deployment could not be learned: ")
    assert why.endswith(said)


def test_a_green_cluster_without_one_writer_leaves_the_plan_open(gathered):
    aws = Aws()
    aws.writers = 0
    assert gathered(aws, **BLUE_GREEN).plan is None
    told = aws.cluster
    aws.cluster = lambda name: (
        told(name)
        | (
            {"DBClusterMembers": [{"DBInstanceIdentifier": "one", "IsClusterWriter": True}]}
            if name == "orders-test"
            else {}
        )
    )
    assert gathered(aws, **BLUE_GREEN).plan == TriggerPlan(writer="one", target=None)
