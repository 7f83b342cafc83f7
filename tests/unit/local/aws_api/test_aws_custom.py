"""Custom endpoints: what may be asked for, and how it is shown; the gateway is a stand-in."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.aws_api.custom import HOSTS, CustomCalls
from pytest_rdsfailover.local.aws_api.plane import RefusalError

NAMED = {"DBClusterEndpointIdentifier": "Reports", "EndpointType": "reader"}


class Gateway:
    """Keeps custom endpoints of a cluster of two instances."""

    def __init__(self):
        self.endpoints, self.sets = [], 0

    def custom_endpoints(self):
        return list(self.endpoints)

    def set_custom_endpoints(self, endpoints):
        self.endpoints, self.sets = list(endpoints), self.sets + 1

    def describe(self):
        return SimpleNamespace(instances=[SimpleNamespace(id="i-1"), SimpleNamespace(id="i-2")])


def calls(gateway=None, *, host="127.0.0.2", domain=""):
    return CustomCalls(
        gateway or Gateway(), "orders", (host, 3307), lambda: "arn:x", lambda: domain
    )


def named(name, **more):
    return {"DBClusterEndpointIdentifier": name, **more}


@pytest.mark.parametrize(
    ("domain", "address"), [("", HOSTS[0]), ("custom.aws", "reports.custom.aws")]
)
def test_an_endpoint_is_shown_as_rds_shows_it(domain, address):
    made = calls(domain=domain)
    shown = made.create(NAMED | {"StaticMembers": ["i-2"]})

    assert shown == {
        "DBClusterEndpointIdentifier": "reports", "DBClusterIdentifier": "orders",
        "DBClusterEndpointResourceIdentifier": "cluster-endpoint-REPORTS", "Endpoint": address,
        "Status": "available", "EndpointType": "CUSTOM", "CustomEndpointType": "READER",
        "StaticMembers": ["i-2"], "ExcludedMembers": [],
        "DBClusterEndpointArn": "arn:x:cluster-endpoint:reports",
    }  # fmt: skip
    assert made.listed() == [shown]


def test_each_endpoint_has_an_address_of_its_own_until_there_are_no_more():
    gateway = Gateway()
    made = calls(gateway)
    for number in range(len(HOSTS)):
        made.create(named(f"e{number}", EndpointType="ANY"))
    assert [endpoint.host for endpoint in gateway.endpoints] == list(HOSTS)
    assert {endpoint.port for endpoint in gateway.endpoints} == {3307}
    with pytest.raises(RefusalError, match="has 5 custom endpoints already") as refused:
        made.create(NAMED)
    assert refused.value.code == "DBClusterEndpointQuotaExceededFault"

    made.delete(named("E1"))
    made.create(NAMED)
    assert gateway.endpoints[-1].host == HOSTS[1]


@pytest.mark.parametrize(
    ("call", "asked", "code"),
    [
        ("create", NAMED | {"EndpointType": "WRITER"}, "InvalidParameterValue"),
        ("create", NAMED | {"StaticMembers": ["i-9"]}, "DBInstanceNotFound"),
        ("create", NAMED | {"ExcludedMembers": ["i-9"]}, "DBInstanceNotFound"),
        ("create", NAMED | {"StaticMembers": ["i-1"], "ExcludedMembers": ["i-2"]},
         "InvalidParameterCombination"),
        ("create", named("OLD", EndpointType="ANY"), "DBClusterEndpointAlreadyExistsFault"),
        ("modify", named("none"), "DBClusterEndpointNotFoundFault"),
        ("modify", named("old", EndpointType="WRITER"), "InvalidParameterValue"),
        ("modify", named("old", StaticMembers=["i-9"]), "DBInstanceNotFound"),
        ("delete", named("none"), "DBClusterEndpointNotFoundFault"),
    ],
)  # fmt: skip
def test_what_rds_would_refuse_changes_nothing(call, asked, code):
    gateway = Gateway()
    made = calls(gateway)
    made.create(named("old", EndpointType="ANY"))
    before, sets = gateway.custom_endpoints(), gateway.sets
    with pytest.raises(RefusalError) as refused:
        getattr(made, call)(asked)

    assert refused.value.code == code
    assert (gateway.endpoints, gateway.sets) == (before, sets)


def test_a_machine_with_one_loopback_address_has_no_custom_endpoints():
    with pytest.raises(RefusalError, match="no further loopback addresses"):
        calls(host="127.0.0.1").create(NAMED)


@pytest.mark.parametrize(
    ("asked", "kind", "static", "excluded"),
    [
        ({}, "READER", ["i-1"], []),
        ({"EndpointType": "any"}, "ANY", ["i-1"], []),
        ({"StaticMembers": ["i-2"]}, "READER", ["i-2"], []),
        ({"ExcludedMembers": ["i-2"]}, "READER", [], ["i-2"]),
        ({"StaticMembers": []}, "READER", [], []),
    ],
)
def test_one_endpoint_is_changed_in_what_is_named_and_no_other(asked, kind, static, excluded):
    made = calls()
    made.create(NAMED | {"StaticMembers": ["i-1"]})
    other = made.create(named("other", EndpointType="ANY"))
    shown = made.modify(named("REPORTS", **asked))

    assert shown["CustomEndpointType"] == kind
    assert (shown["StaticMembers"], shown["ExcludedMembers"]) == (static, excluded)
    assert made.listed() == [shown, other]


def test_what_is_deleted_is_shown_once_more_and_what_a_test_made_is_undone():
    gateway = Gateway()
    made = calls(gateway)
    shown = made.create(NAMED)
    made.create(named("other", EndpointType="ANY"))
    assert made.delete(named("reports")) == shown | {"Status": "deleting"}
    assert [one["DBClusterEndpointIdentifier"] for one in made.listed()] == ["other"]

    made.undo()
    sets = gateway.sets
    made.undo()
    assert (gateway.endpoints, gateway.sets) == ([], sets)
