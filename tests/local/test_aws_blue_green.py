"""A runbook makes a blue/green deployment through the AWS API, switches it over and deletes it."""

import socket

import pymysql
import pytest
from waiting import until

pytest.importorskip("moto")
pytest.importorskip("flask")

from region import CLUSTER, described, refusal

# The API asks the gateway, never the server.
pytestmark = [pytest.mark.local, pytest.mark.one_server]


@pytest.fixture
def rds(resting):
    yield resting.aws.client("rds")
    resting.rest()
    resting.aws.undo()


def deployment(rds):
    (found,) = rds.describe_blue_green_deployments()["BlueGreenDeployments"]
    return found


def created(rds, name="upgrade"):
    source = described(rds)["DBClusterArn"]
    made = rds.create_blue_green_deployment(BlueGreenDeploymentName=name, Source=source)
    until(lambda: deployment(rds)["Status"] == "AVAILABLE")
    return made["BlueGreenDeployment"]


def identified(made):
    return {"BlueGreenDeploymentIdentifier": made["BlueGreenDeploymentIdentifier"]}


def ask(endpoint, statement):
    with endpoint.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_a_runbook_switches_over_on_the_data_plane(resting, rds):
    made = created(rds)
    assert made["Source"].endswith(f":cluster:{CLUSTER}")
    assert f":cluster:{CLUSTER}-green-" in made["Target"]
    assert made["Target"] == deployment(rds)["Target"]
    (members,) = {len(deployment(rds)["SwitchoverDetails"])}
    assert members == 1 + len(resting.instances)
    assert len(ask(resting.writer_endpoint, "SELECT * FROM mysql.rds_topology")) == 2 * members

    blue = resting.writer_endpoint.connect(autocommit=True)
    asked = {**identified(made), "SwitchoverTimeout": 30}
    switching = rds.switchover_blue_green_deployment(**asked)["BlueGreenDeployment"]
    assert switching["Status"] == deployment(rds)["Status"] == "SWITCHOVER_IN_PROGRESS"
    assert refusal(rds.switchover_blue_green_deployment, **identified(made)) == (
        "InvalidBlueGreenDeploymentStateFault"
    )
    assert refusal(rds.delete_blue_green_deployment, **identified(made)) == (
        "InvalidBlueGreenDeploymentStateFault"
    )
    until(lambda: deployment(rds)["Status"] == "SWITCHOVER_COMPLETED")
    with pytest.raises(pymysql.err.MySQLError):
        blue.query("SELECT 1")
    done = deployment(rds)
    assert done["Source"].endswith(f":cluster:{CLUSTER}-old1")
    assert done["Target"].endswith(f":cluster:{CLUSTER}")
    assert {detail["Status"] for detail in done["SwitchoverDetails"]} == {"SWITCHOVER_COMPLETED"}
    assert ask(resting.writer_endpoint, "SELECT @@aurora_server_id") == ((resting.writer,),)

    deleted = rds.delete_blue_green_deployment(**identified(made))["BlueGreenDeployment"]
    assert deleted["Status"] == "DELETING"
    assert rds.describe_blue_green_deployments()["BlueGreenDeployments"] == []
    assert refusal(rds.delete_blue_green_deployment, **identified(made)) == (
        "BlueGreenDeploymentNotFoundFault"
    )


def test_what_rds_would_refuse_is_refused(rds):
    source = described(rds)["DBClusterArn"]
    made = created(rds)

    def also(**asked):
        return refusal(rds.create_blue_green_deployment, **asked)

    assert also(BlueGreenDeploymentName="second", Source=source) == "InvalidDBClusterStateFault"
    assert refusal(
        rds.switchover_blue_green_deployment, **identified(made), SwitchoverTimeout=3601
    ) == "InvalidParameterValue"  # fmt: skip
    nobody = {"BlueGreenDeploymentIdentifier": "bgd-none"}
    for call in (
        rds.describe_blue_green_deployments,
        rds.switchover_blue_green_deployment,
        rds.delete_blue_green_deployment,
    ):
        assert refusal(call, **nobody) == "BlueGreenDeploymentNotFoundFault"
    filters = [{"Name": "blue-green-deployment-name", "Values": ["other"]}]
    assert rds.describe_blue_green_deployments(Filters=filters)["BlueGreenDeployments"] == []


def test_the_next_test_finds_no_deployment(resting, rds):
    created(rds)
    blue = resting.writer_endpoint
    told = ask(blue, "SELECT endpoint FROM mysql.rds_topology WHERE role LIKE '%TARGET'")
    with socket.create_connection((told[0][0], blue.port), timeout=1):
        pass
    resting.aws.undo()

    assert rds.describe_blue_green_deployments()["BlueGreenDeployments"] == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((told[0][0], blue.port), timeout=1)
    created(rds, "another")


def test_a_deployment_of_the_test_is_the_apis_too(resting, rds):
    with resting.blue_green() as twin:
        assert deployment(rds)["Status"] == twin.status == "AVAILABLE"
        assert deployment(rds)["Target"].endswith(twin.suffix)
    assert rds.describe_blue_green_deployments()["BlueGreenDeployments"] == []


def test_names_are_moved_by_a_test_only(resting):
    with resting.aws_names("eu-west-1"):
        there = resting.aws.client("rds")
        asked = {"BlueGreenDeploymentName": "named", "Source": described(there)["DBClusterArn"]}
        assert refusal(there.create_blue_green_deployment, **asked) == "InvalidDBClusterStateFault"
