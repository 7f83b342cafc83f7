"""How the targets and endpoints of the local cluster's proxy are shown."""

import pytest

from pytest_rdsfailover.local.aws_api.looks import ShownMember
from pytest_rdsfailover.local.aws_api.proxies import endpoints, health, role, targets

PLACES = {"a": ("h-a", 1), "b": ("h-b", 2), "proxy": ("h-p", 3), "proxy-reader": ("h-r", 4)}


def member(name="a", *, writer=False, role="reader", status="available"):
    return ShownMember(id=name, writer=writer, role=role, status=status)


@pytest.mark.parametrize(
    ("writer", "takes", "shown"),
    [(True, "writer", "READ_WRITE"), (True, "reader", "UNKNOWN"), (False, "reader", "READ_ONLY")],
    ids=["writer", "demoted, without a successor", "reader"],
)
def test_a_target_has_the_role_that_it_is_used_in(writer, takes, shown):
    assert role(member(writer=writer, role=takes)) == shown


def test_the_cluster_and_each_instance_are_targets():
    cluster, a, b = targets("orders", [member("a"), member("b", status="rebooting")], PLACES)

    assert cluster == {"RdsResourceId": "orders", "Type": "TRACKED_CLUSTER", "Port": 0}
    assert (a["RdsResourceId"], a["Endpoint"], a["Port"]) == ("a", "h-a", 1)
    assert a["TargetHealth"] == health(member()) == {"State": "AVAILABLE"}
    assert (b["TrackedClusterId"], b["TargetHealth"]["State"]) == ("orders", "UNAVAILABLE")


@pytest.mark.parametrize(
    ("places", "roles"),
    [(PLACES, ["READ_WRITE", "READ_ONLY"]), ({"proxy": ("h-p", 3)}, ["READ_WRITE"]), ({}, [])],
)
def test_a_proxy_has_the_endpoints_that_the_cluster_has_for_it(places, roles):
    found = endpoints({"VpcId": "v"}, "arn", places)

    assert [one["TargetRole"] for one in found] == roles
    assert [one["IsDefault"] for one in found] == [True, False][: len(roles)]
    assert {one["VpcId"] for one in found} <= {"v"}
    for one in found:
        assert one["DBProxyEndpointArn"] == f"arn-{one['DBProxyEndpointName']}"
