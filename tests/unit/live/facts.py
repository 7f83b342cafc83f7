"""A cluster that may be failed over, and evidence that lets it be: the tests spoil one thing each."""

from datetime import UTC, datetime

from pytest_rdsfailover.live.deployments import DeploymentFacts, Pair
from pytest_rdsfailover.live.evidence import GateEvidence, TriggerPlan
from pytest_rdsfailover.live.facts import (
    ClusterFacts,
    GlobalFacts,
    Member,
    ProxyFacts,
    across,
)
from pytest_rdsfailover.model.live_settings import LiveSettings

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # a Monday
ARN = "arn:aws:rds:eu-west-1:111122223333:cluster:orders-test"


def member(name, *, writer=False, status="available", **changes):
    arn = f"arn:aws:rds:eu-west-1:111122223333:db:{name}"
    return Member(
        id=name, arn=arn, status=status, writer=writer, host=f"{name}.example", port=3306, **changes
    )


def settings(**changes):
    usual = {
        "cluster": "orders-test",
        "account": "111122223333",
        "region": "eu-west-1",
        "schema": "rdsfailover",
    }
    return LiveSettings(**(usual | changes))


def cluster(**changes):
    usual = {
        "id": "orders-test",
        "arn": ARN,
        "engine": "aurora-mysql",
        "engine_mode": "provisioned",
        "version": "8.0.mysql_aurora.3.10.0",
        "status": "available",
        "tags": {"rdsfailover:allowed": "true"},
        "members": (member("one", writer=True), member("two")),
        "host": "orders-test.cluster-x.example",
        "reader_host": "orders-test.cluster-ro-x.example",
        "port": 3306,
        "master": "admin",
        "secret": None,
        "abroad": "",
        "pending": (),
        "backup_window": "02:00-02:30",
        "maintenance_window": "thu:20:00-thu:20:30",
    }
    return ClusterFacts(**(usual | changes))


def proxy(**changes):
    usual = {
        "name": "orders-proxy",
        "status": "available",
        "engine": "MYSQL",
        "host": "orders-proxy.proxy-x.example",
        "require_tls": True,
        "secret": None,
        "tracked": "orders-test",
        "available": 2,
    }
    return ProxyFacts(**(usual | changes))


THERE = "arn:aws:rds:us-west-2:111122223333:cluster:orders-west"
SWITCH = {
    "trigger": "switchover", "allow_switchover": True, "global_cluster": "world",
    "switchover_to": THERE,
}  # fmt: skip


def world(**changes):
    """A global database whose other cluster may take over."""
    west = cluster(id="orders-west", arn=THERE, members=(member("three"),), abroad="world")
    usual = {
        "id": "world",
        "status": "available",
        "host": "world.global-x.example",
        "primary": ARN,
        "secondaries": frozenset({THERE}),
        "target": west,
    }
    return GlobalFacts(**(usual | changes))


GREEN = "arn:aws:rds:eu-west-1:111122223333:cluster:orders-test-green-abc123"
BLUE_GREEN = {
    "trigger": "blue-green", "allow_blue_green": True, "blue_green_deployment": "bgd-1",
}  # fmt: skip


def green(**changes):
    """The green twin of the cluster."""
    usual = {
        "id": "orders-test-green-abc123",
        "arn": GREEN,
        "members": (member("one-green-def456", writer=True), member("two-green-ghi789")),
        "host": "orders-test-green-abc123.cluster-x.example",
    }
    return cluster(**(usual | changes))


def deployment(**changes):
    """A blue/green deployment that may be switched over."""
    twins = {
        "cluster:orders-test": GREEN,
        "db:one": "one-green-def456",
        "db:two": "two-green-ghi789",
    }
    usual = {
        "id": "bgd-1",
        "name": "upgrade",
        "status": "AVAILABLE",
        "details": "",
        "source": ARN,
        "target": GREEN,
        "pairs": tuple(
            Pair(
                source=f"arn:aws:rds:eu-west-1:111122223333:{name}",
                target=twin if twin == GREEN else member(twin).arn,
                status="AVAILABLE",
            )
            for name, twin in twins.items()
        ),
        "green": green(),
    }
    return DeploymentFacts(**(usual | changes))


def blue_green(asked=None, **changes):
    """Evidence that lets a blue/green switchover be."""
    usual = {
        "asked": settings(**(BLUE_GREEN | (asked or {}))),
        "deployment": deployment(),
        "plan": TriggerPlan(writer="one", target="one-green-def456"),
    }
    return evidence(**(usual | changes))


def switchover(asked=None, home=None, **changes):
    """Evidence that lets a switchover be."""
    found = changes.pop("world", world())
    home = home or cluster(abroad="world")
    return evidence(
        asked=settings(**(SWITCH | (asked or {}))),
        world=found,
        cluster=home if found is None else across(home, found),
        plan=TriggerPlan(writer="one", target=None),
        **changes,
    )


def evidence(**changes):
    usual = {
        "asked": settings(),
        "account": "111122223333",
        "arn": "arn:aws:sts::111122223333:assumed-role/tester/me",
        "cluster": cluster(),
        "proxy": None,
        "world": None,
        "deployment": None,
        "alarms": {},
        "experiment": None,
        "plan": TriggerPlan(writer="one", target="two"),
        "failovers": (),
        "used": 0,
        "session_age": 10.0,
        "exclusive": True,
        "killed": False,
        "recordable": "",
        "now": NOW,
    }
    return GateEvidence(**(usual | changes))
