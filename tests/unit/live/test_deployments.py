"""A blue/green deployment by what RDS answers."""

from dataclasses import replace

import pytest
from facts import ARN, GREEN, deployment, green, member

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.deployments import (
    Pair,
    cluster_of,
    deployment_facts,
)

TOLD = {
    "BlueGreenDeploymentIdentifier": "bgd-1",
    "BlueGreenDeploymentName": "upgrade",
    "Source": ARN,
    "Target": GREEN,
    "Status": "AVAILABLE",
    "SwitchoverDetails": [
        {"SourceMember": ARN, "TargetMember": GREEN, "Status": "AVAILABLE"},
        {"SourceMember": member("one").arn, "TargetMember": member("one-green-def456").arn, "Status": "AVAILABLE"},
        {"SourceMember": member("two").arn, "TargetMember": member("two-green-ghi789").arn, "Status": "AVAILABLE"},
    ],
}  # fmt: skip


def test_it_is_what_rds_tells():
    assert deployment_facts(TOLD).with_green(green()) == deployment()
    assert str(deployment_facts(TOLD)) == "bgd-1 is AVAILABLE"
    failed = TOLD | {"Status": "SWITCHOVER_FAILED", "StatusDetails": "lag"}
    assert str(deployment_facts(failed)) == "bgd-1 is SWITCHOVER_FAILED (lag)"


def test_one_that_is_being_made_has_no_green_yet():
    short = {key: TOLD[key] for key in ("BlueGreenDeploymentIdentifier", "Source", "Status")}
    found = deployment_facts(short | {"SwitchoverDetails": [{"SourceMember": ARN}]})

    assert (found.target, found.pairs) == ("", (Pair(source=ARN, target="", status=""),))
    with pytest.raises(AwsError, match="nothing is no cluster's ARN"):
        cluster_of(found.target)


@pytest.mark.parametrize("arn", [member("one").arn, "arn:aws:rds:eu-west-1:1:cluster:", "orders"])
def test_what_is_no_cluster_is_none(arn):
    with pytest.raises(AwsError):
        cluster_of(arn)


def test_twins_know_each_other():
    found = deployment()
    assert cluster_of(found.target) == "orders-test-green-abc123"
    assert (found.successor("two-green-ghi789"), found.twin("two")) == ("two", "two-green-ghi789")
    assert (found.successor("two"), found.twin("two-green-ghi789")) == (None, None)


def test_what_is_told_twice_or_by_halves_is_not_known():
    found = deployment()
    twice = replace(found, pairs=(*found.pairs, found.pairs[1]))
    halves = replace(found, pairs=(replace(found.pairs[1], source=""),))

    assert (twice.successor("one-green-def456"), twice.twin("one")) == (None, None)
    assert halves.successor("one-green-def456") is None
