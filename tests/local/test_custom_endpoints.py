"""Custom endpoints, made by the AWS API: where they lead, before and after a failover."""

from dataclasses import replace

import pymysql
import pytest

pytest.importorskip("moto")
pytest.importorskip("flask")

from region import CLUSTER, refusal

pytestmark = [pytest.mark.local, pytest.mark.one_server]
NAMED = {"DBClusterEndpointIdentifier": "reports"}


@pytest.fixture
def rds(resting):
    yield resting.aws.client("rds")
    resting.aws.undo()


def made(rds, kind="ANY", **members):
    return rds.create_db_cluster_endpoint(
        DBClusterIdentifier=CLUSTER, EndpointType=kind, **NAMED, **members
    )


def reached(cluster, made, *, times=3):
    """Return the instances that new connections to a custom endpoint reach."""
    endpoint, ids = replace(cluster.writer_endpoint, host=made["Endpoint"]), set()
    for _ in range(times):
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@aurora_server_id")
            ids |= {cursor.fetchone()[0]}
    return ids


def test_an_endpoint_leads_to_its_members_and_to_others_when_they_change(resting, rds):
    shown = made(rds, StaticMembers=["instance-2"])
    assert (shown["EndpointType"], shown["CustomEndpointType"]) == ("CUSTOM", "ANY")
    assert reached(resting, shown) == {"instance-2"}

    changed = rds.modify_db_cluster_endpoint(**NAMED, ExcludedMembers=["instance-2"])
    assert (changed["StaticMembers"], changed["ExcludedMembers"]) == ([], ["instance-2"])
    assert reached(resting, shown) == {"instance-1", "instance-3"}


def test_an_endpoint_for_readers_leaves_the_writer_out_whoever_it_is(resting, rds):
    shown = made(rds, "READER")
    assert reached(resting, shown) == set(resting.readers)

    resting.fail_over(resting.readers[0])
    resting.rest()
    assert reached(resting, shown) == set(resting.readers)


def test_an_endpoint_without_an_instance_that_it_may_lead_to_refuses(resting, rds):
    shown = made(rds, "READER", StaticMembers=[resting.writer])
    with pytest.raises(pymysql.err.OperationalError):
        reached(resting, shown)


def test_an_endpoint_is_listed_until_it_is_deleted(resting, rds):
    shown = made(rds)
    asked = {"Filters": [{"Name": "db-cluster-endpoint-type", "Values": ["custom"]}]}
    (listed,) = rds.describe_db_cluster_endpoints(**asked)["DBClusterEndpoints"]
    assert listed["DBClusterEndpointArn"] == shown["DBClusterEndpointArn"]
    assert len(rds.describe_db_cluster_endpoints()["DBClusterEndpoints"]) == 3

    assert rds.delete_db_cluster_endpoint(**NAMED)["Status"] == "deleting"
    assert rds.describe_db_cluster_endpoints(**asked)["DBClusterEndpoints"] == []
    with pytest.raises(pymysql.err.OperationalError):
        reached(resting, shown)


def test_what_rds_refuses_is_refused(rds):
    made(rds)
    both = {"StaticMembers": ["instance-1"], "ExcludedMembers": ["instance-2"]}
    for call, arguments, code in (
        (lambda **more: made(rds, **more), {}, "DBClusterEndpointAlreadyExistsFault"),
        (rds.modify_db_cluster_endpoint, NAMED | both, "InvalidParameterCombination"),
        (rds.modify_db_cluster_endpoint, NAMED | {"StaticMembers": ["x"]}, "DBInstanceNotFound"),
        (
            rds.delete_db_cluster_endpoint,
            {"DBClusterEndpointIdentifier": "nobody"},
            "DBClusterEndpointNotFoundFault",
        ),
    ):
        assert refusal(call, **arguments) == code
