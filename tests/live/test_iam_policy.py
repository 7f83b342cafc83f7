"""The documented policy allows what the live path calls, and nothing that it does not call."""

import pytest
from policies import BLUE_GREEN, FUNCTIONS, POLICY, SWITCHOVER, UNSEEN, allowed
from regions import ACCOUNT, template_for

from pytest_rdsfailover.live.preflight import PreflightError
from pytest_rdsfailover.model.live_settings import LiveSettings

pytestmark = pytest.mark.local

KEY, _, VALUE = LiveSettings.__dataclass_fields__["opt_in"].default.partition("=")
TAG = f"aws:ResourceTag/{KEY}"


def with_proxy(stand_in):
    """Have a proxy in front of the cluster; its endpoint is a name that nobody resolves."""
    rds = stand_in.client("rds")
    subnets = stand_in.client("ec2").describe_subnets()["Subnets"]
    rds.create_db_proxy(
        DBProxyName="seen", EngineFamily="MYSQL", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/proxy",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": stand_in.described["MasterUserSecret"]["SecretArn"]}],
        VpcSubnetIds=[one["SubnetId"] for one in subnets],
    )  # fmt: skip
    rds.register_db_proxy_targets(
        DBProxyName="seen", DBClusterIdentifiers=[stand_in.cluster.aws.cluster]
    )
    return "seen"


def test_the_policy_is_the_set_of_calls(backend, stand_in):
    """Every way to trigger, with a proxy, an alarm and a secret: all calls together.

    A switchover, which needs another region, is held to it in test_live_switchover.py, one of a
    blue/green deployment in test_live_blue_green.py; what functions need, in test_live_functions.py.
    """
    stand_in.alarm("seen", "OK")
    arn = stand_in.described["DBClusterArn"]
    template = template_for(stand_in, {"resourceArns": [arn]})
    seen = set()
    for changes in (
        {"alarms": ("seen",)},
        {"trigger": "reboot", "allow_reboot": True},
        {"trigger": "fis", "fis_template": template},
    ):
        live = backend(**changes)
        cluster = live.cluster()
        cluster.fail_over()
        live.release()
        seen |= {call.action for call in live.region.calls}
    live = backend(proxy=with_proxy(stand_in))
    with pytest.raises(PreflightError, match=r"DNS of seen\."):  # so the proxy's gate is open
        live.cluster()
    seen |= {call.action for call in live.region.calls}

    assert seen == allowed(without=[SWITCHOVER, BLUE_GREEN, FUNCTIONS]) - UNSEEN


def test_a_failover_is_allowed_on_the_one_cluster_while_it_carries_the_tag():
    (statement,) = [one for one in POLICY["Statement"] if one["Action"] == "rds:FailoverDBCluster"]

    assert statement["Resource"].endswith(":cluster:CLUSTER")
    assert statement["Condition"] == {"StringEquals": {TAG: VALUE}}


def test_only_what_tells_is_allowed_on_everything():
    names = [
        action.partition(":")[2]
        for statement in POLICY["Statement"]
        if statement["Resource"] == "*"
        for action in statement["Action"]
    ]

    assert "DescribeDBClusters" in names
    telling = ("Describe", "GetCallerIdentity", "GetAccountSettings")
    assert [name for name in names if not name.startswith(telling)] == []


def test_what_rds_does_for_a_switchover_is_allowed_on_clusters_that_consent_only():
    """AWS takes no part of a name here, so the tag has to restrict it; nothing may be deleted."""
    (statement,) = [one for one in POLICY["Statement"] if "rds:ModifyDBCluster" in one["Action"]]

    assert statement["Sid"].startswith(BLUE_GREEN)
    assert statement["Condition"] == {"StringEquals": {TAG: VALUE}}
    assert [action for action in allowed() if ":Delete" in action] == ["s3:DeleteObject"]
