"""A runbook makes a blue/green deployment through the AWS API, switches it over and deletes it."""

import socket
from dataclasses import replace

import pymysql
import pytest
from waiting import until

pytest.importorskip("moto")
pytest.importorskip("flask")

from region import CLUSTER, described, refusal

# The API asks the gateway, never the server.
pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("local/aws_api")]


SHORT = """
prepare = "100ms"
drop = "200ms"
switch = "400ms"
blue_dns = "800ms"
green_dns = "1s"
"""


@pytest.fixture
def rds(resting):
    yield resting.aws.client("rds")
    resting.rest()
    resting.aws.undo()


@pytest.fixture
def short(resting, tmp_path, monkeypatch):
    """A run whose switchover is short: the API plays what the run plays."""
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    monkeypatch.setattr(resting, "_blue_green", str(path))
    resting.aws.renew()
    yield
    monkeypatch.undo()
    resting.aws.renew()


def deployment(rds):
    (found,) = rds.describe_blue_green_deployments()["BlueGreenDeployments"]
    return found


def created(rds, name="upgrade", **more):
    source = described(rds)["DBClusterArn"]
    made = rds.create_blue_green_deployment(BlueGreenDeploymentName=name, Source=source, **more)
    until(lambda: deployment(rds)["Status"] == "AVAILABLE")
    return made["BlueGreenDeployment"]


def identified(made):
    return {"BlueGreenDeploymentIdentifier": made["BlueGreenDeploymentIdentifier"]}


def ask(endpoint, statement):
    with endpoint.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def shown(rds, name):
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    filters = [{"Name": "db-cluster-id", "Values": [name]}]
    return cluster, rds.describe_db_instances(Filters=filters)["DBInstances"]


def ids_of(cluster, instances):
    """Return the resource ids of a cluster and its instances."""
    return [cluster["DbClusterResourceId"], *sorted(one["DbiResourceId"] for one in instances)]


def tags(rds, arn):
    return rds.list_tags_for_resource(ResourceName=arn)["TagList"]


def completed(rds, made):
    rds.switchover_blue_green_deployment(**identified(made))
    until(lambda: deployment(rds)["Status"] == "SWITCHOVER_COMPLETED")


@pytest.mark.usefixtures("short")
def test_both_environments_are_shown_and_their_resources_keep_their_ids(resting, rds):
    rds.add_tags_to_resource(
        ResourceName=described(rds)["DBClusterArn"], Tags=[{"Key": "team", "Value": "shop"}]
    )
    blue = ids_of(*shown(rds, CLUSTER))
    version, owner = described(rds)["EngineVersion"], [{"Key": "owner", "Value": "ops"}]
    made = created(rds, TargetEngineVersion=version, Tags=owner)
    assert made["TagList"] == deployment(rds)["TagList"] == owner
    name = made["Target"].rpartition(":")[2]
    green, instances = shown(rds, name)
    greens = ids_of(green, instances)

    assert green["DBClusterArn"] == made["Target"]
    assert green["Status"] == "available"
    members = {
        one["DBInstanceIdentifier"]: one["IsClusterWriter"] for one in green["DBClusterMembers"]
    }
    suffix = name.removeprefix(CLUSTER)
    assert members == {one + suffix: one == resting.writer for one in resting.instances}
    for one in instances:
        where = one["Endpoint"]
        at = replace(resting.writer_endpoint, host=where["Address"], port=where["Port"])
        assert ask(at, "SELECT @@aurora_server_id") == ((one["DBInstanceIdentifier"],),)
    at = replace(resting.writer_endpoint, host=green["Endpoint"], port=green["Port"])
    assert ask(at, "SELECT @@innodb_read_only") == ((1,),)
    assert not set(blue) & set(greens)
    assert tags(rds, made["Target"]) == []

    completed(rds, made)
    old, olds = shown(rds, f"{CLUSTER}-old1")
    assert ids_of(old, olds) == blue
    assert ids_of(*shown(rds, CLUSTER)) == greens
    assert tags(rds, old["DBClusterArn"]) == tags(rds, described(rds)["DBClusterArn"]) != []
    assert refusal(rds.describe_db_clusters, DBClusterIdentifier=name) == "DBClusterNotFoundFault"
    at = replace(resting.writer_endpoint, host=old["Endpoint"], port=old["Port"])
    assert ask(at, "SELECT @@aurora_server_id") == ((f"{resting.writer}-old1",),)


@pytest.mark.usefixtures("short")
def test_a_runbook_removes_the_old_environment(resting, rds):
    made = created(rds)
    old = f"{CLUSTER}-old1"
    completed(rds, made)
    one = {"DBInstanceIdentifier": f"{resting.writer}-old1", "SkipFinalSnapshot": True}
    assert refusal(rds.delete_db_instance, **one) == "InvalidDBClusterStateFault"
    rds.delete_blue_green_deployment(**identified(made))

    assert rds.describe_blue_green_deployments()["BlueGreenDeployments"] == []
    _, instances = shown(rds, old)
    assert refusal(rds.delete_db_cluster, DBClusterIdentifier=old, SkipFinalSnapshot=True) == (
        "InvalidDBClusterStateFault"
    )
    assert refusal(rds.failover_db_cluster, DBClusterIdentifier=old) == "InvalidDBClusterStateFault"
    for instance in instances:
        rds.delete_db_instance(
            DBInstanceIdentifier=instance["DBInstanceIdentifier"], SkipFinalSnapshot=True
        )
    rds.delete_db_cluster(DBClusterIdentifier=old, SkipFinalSnapshot=True)
    assert [one["DBClusterIdentifier"] for one in rds.describe_db_clusters()["DBClusters"]] == [
        CLUSTER
    ]
    assert resting._client.describe().deployment is None
    created(rds, "again")


def test_green_is_deleted_with_its_deployment_or_stays(rds):
    made = created(rds)
    name = made["Target"].rpartition(":")[2]
    rds.delete_blue_green_deployment(**identified(made))
    assert shown(rds, name)
    source = described(rds)["DBClusterArn"]
    asked = {"BlueGreenDeploymentName": "early", "Source": source}
    assert refusal(rds.create_blue_green_deployment, **asked) == "InvalidDBClusterStateFault"
    for instance in shown(rds, name)[1]:
        rds.delete_db_instance(
            DBInstanceIdentifier=instance["DBInstanceIdentifier"], SkipFinalSnapshot=True
        )
    rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)

    made = created(rds, "another")
    name = made["Target"].rpartition(":")[2]
    rds.delete_blue_green_deployment(**identified(made), DeleteTarget=True)
    assert refusal(rds.describe_db_clusters, DBClusterIdentifier=name) == "DBClusterNotFoundFault"


@pytest.mark.usefixtures("short")
def test_a_runbook_switches_over_on_the_data_plane(resting, rds):
    made = created(rds)
    assert made["Source"].endswith(f":cluster:{CLUSTER}")
    assert f":cluster:{CLUSTER}-green-" in made["Target"]
    assert made["Target"] == deployment(rds)["Target"]
    (members,) = {len(deployment(rds)["SwitchoverDetails"])}
    assert members == 1 + len(resting.instances)
    assert len(ask(resting.writer_endpoint, "SELECT * FROM mysql.rds_topology")) == 2

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
    assert resting.failovers[-1].profile == "short"
    begun, over = told(rds, made)
    assert begun == f"{switchover(made)} started."
    assert over.startswith(f"{switchover(made)} completed. Renamed {CLUSTER} to {CLUSTER}-old1 and")

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

    for name in ("-first", "two--hyphens", "a" * 61):
        assert also(BlueGreenDeploymentName=name, Source=source) == "InvalidParameterValue"
    upgrade = {"BlueGreenDeploymentName": "upgrade-2", "Source": source}
    assert also(**upgrade, TargetEngineVersion="8.0.mysql_aurora.9") == (
        "InvalidParameterCombination"
    )
    assert also(**upgrade, TargetDBClusterParameterGroupName="other") == (
        "InvalidParameterCombination"
    )
    assert also(BlueGreenDeploymentName="second", Source=source) == "InvalidDBClusterStateFault"
    green = {"BlueGreenDeploymentName": "green-of-green", "Source": made["Target"]}
    assert also(**green) == "SourceClusterNotSupportedFault"
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


def switchover(made):
    """Return what begins the events of a deployment's switchover."""
    return f"Switchover from DB cluster {CLUSTER} to {made['Target'].rpartition(':')[2]}"


def told(rds, made):
    """Return what the deployment's events say."""
    events = rds.describe_events(SourceType="blue-green-deployment")["Events"]
    return [
        event["Message"]
        for event in events
        if event["SourceIdentifier"] in identified(made).values()
    ]


def test_a_switchover_that_a_guardrail_refuses_says_why(resting, rds, tmp_path):
    impatient = tmp_path / "impatient.toml"
    impatient.write_text(SHORT + "long_write = 0\n")
    ask(resting.writer_endpoint, "CREATE TABLE held (n INT)")
    with resting.blue_green() as twin:
        assert "StatusDetails" not in deployment(rds)
        with resting.writer_endpoint.connect(autocommit=False) as blue:
            blue.query("INSERT INTO held VALUES (1)")
            twin.switch_over(str(impatient))
            resting.rest()
        found = deployment(rds)
        why = found["StatusDetails"]
        assert (found["Status"], told(rds, found)) == (
            "AVAILABLE",
            [f"{switchover(found)} was canceled due to {why}."],
        )
        assert why.startswith("writes were open on blue")
        twin.switch_over(str(impatient))
        until(lambda: "StatusDetails" not in deployment(rds))
        resting.rest()
    ask(resting.writer_endpoint, "DROP TABLE held")


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
