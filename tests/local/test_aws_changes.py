"""What a runbook changes through the AWS API: it takes place, or is refused; then it is undone."""

import functools
import json

import pytest

pytest.importorskip("moto")
pytest.importorskip("flask")

from botocore.exceptions import ClientError
from region import CLUSTER, described, refusal

# The API asks the gateway, never the server.
pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("local/aws_api")]


FOREIGN = (
    f"arn:aws:rds:eu-west-1:999999999999:cluster:{CLUSTER}",
    f"arn:aws:rds:us-east-1:999999999999:cluster:{CLUSTER}",
)
ACCOUNT = {"Engine": "aurora-mysql", "MasterUsername": "a", "MasterUserPassword": "bbbbbbbbb"}


@pytest.fixture
def rds(resting):
    yield resting.aws.client("rds")
    resting.aws.undo()


def instances(rds):
    return [steady(one) for one in rds.describe_db_instances()["DBInstances"]]


def steady(resource):
    """Return what is shown of a resource, without what changes by itself."""
    return {name: value for name, value in resource.items() if name != "LatestRestorableTime"}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("create_db_instance", "InsufficientDBInstanceCapacity"),
        ("delete_db_cluster", "InvalidDBClusterStateFault"),
        ("stop_db_cluster", "InvalidDBClusterStateFault"),
        ("start_db_cluster", "InvalidDBClusterStateFault"),
        ("promote_read_replica_db_cluster", "InvalidDBClusterStateFault"),
    ],
)
@pytest.mark.parametrize("named", ["by name", "by ARN", "in capitals"])
def test_what_cannot_be_done_to_the_cluster_is_refused(rds, call, code, named):
    before = steady(described(rds)), instances(rds)
    names = {"by name": CLUSTER, "by ARN": before[0]["DBClusterArn"], "in capitals": "RDSFailover"}
    arguments = {"DBClusterIdentifier": names[named]}
    if call == "create_db_instance":
        arguments |= {
            "DBInstanceIdentifier": "fourth", "Engine": "aurora-mysql",
            "DBInstanceClass": "db.r7g.large",
        }  # fmt: skip
    if call == "delete_db_cluster":
        arguments |= {"SkipFinalSnapshot": True}

    assert refusal(getattr(rds, call), **arguments) == code
    assert (steady(described(rds)), instances(rds)) == before


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("add_role_to_db_instance", {"DBInstanceIdentifier": "instance-1", "RoleArn": "arn:x", "FeatureName": "f"}),
        ("create_db_instance_read_replica", {"DBInstanceIdentifier": "new"}),
        ("create_db_proxy", {"DBProxyName": "new", "EngineFamily": "MYSQL", "RoleArn": f"arn:{'x' * 20}", "VpcSubnetIds": ["s"]}),
        ("start_export_task", {"ExportTaskIdentifier": "x", "SourceArn": "x", "S3BucketName": "x", "IamRoleArn": "x", "KmsKeyId": "x"}),
    ],
)  # fmt: skip
def test_a_call_at_which_moto_breaks_is_refused_and_not_tried_again(rds, call, arguments):
    """As a 500 it would be, five times."""
    before = steady(described(rds)), instances(rds)
    with pytest.raises(ClientError) as caught:
        getattr(rds, call)(**arguments)

    told = caught.value.response
    assert (told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]) == (
        501,
        "NotImplemented",
    )
    assert "which fails at this call" in told["Error"]["Message"]
    assert (steady(described(rds)), instances(rds)) == before


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("delete_db_instance", "InvalidDBInstanceState"),
        ("stop_db_instance", "InvalidParameterCombination"),
        ("start_db_instance", "InvalidParameterCombination"),
        ("promote_read_replica", "InvalidDBInstanceState"),
    ],
)
def test_what_cannot_be_done_to_an_instance_is_refused(resting, rds, call, code):
    before = instances(rds)

    assert refusal(getattr(rds, call), DBInstanceIdentifier=resting.writer) == code
    assert instances(rds) == before


@pytest.mark.parametrize(
    "change",
    [
        {"NewDBInstanceIdentifier": "other"},
        {"DBInstanceClass": "db.r7g.4xlarge"},
        {"DBPortNumber": 3310},
    ],
)
def test_of_an_instance_only_what_has_no_effect_or_works_is_changed(resting, rds, change):
    wanted = {"DBInstanceIdentifier": resting.readers[0], "ApplyImmediately": True}
    before = instances(rds)

    assert refusal(rds.modify_db_instance, **wanted, **change) == "InvalidParameterCombination"
    assert instances(rds) == before
    rds.modify_db_instance(**wanted, PromotionTier=0)
    tiers = {one["DBInstanceIdentifier"]: one["PromotionTier"] for one in instances(rds)}
    assert tiers[resting.readers[0]] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"NewDBClusterIdentifier": "other"},
        {"Port": 3310},
        {"MasterUserPassword": "not-a-secret"},
        {"EngineVersion": "8.0.mysql_aurora.3.11.0"},
    ],
)
def test_of_the_cluster_only_what_has_no_effect_or_works_is_changed(rds, change):
    wanted = {"DBClusterIdentifier": CLUSTER, "ApplyImmediately": True}

    assert refusal(rds.modify_db_cluster, **wanted, **change) == "InvalidParameterCombination"
    assert rds.modify_db_cluster(**wanted, DeletionProtection=True)["DBCluster"]
    assert described(rds)["DeletionProtection"]


def test_a_change_of_a_cluster_that_fails_loses_no_cluster(rds):
    call = {"DBClusterIdentifier": "none", "DeletionProtection": True}
    assert refusal(rds.modify_db_cluster, **call) == "DBClusterNotFoundFault"
    call = {"DBClusterIdentifier": CLUSTER, "RotateMasterUserPassword": True}
    assert refusal(rds.modify_db_cluster, **call) == "InvalidParameterCombination"

    assert described(rds)["Status"] == "available"


@pytest.mark.parametrize(
    ("call", "arguments", "code"),
    [
        ("delete_db_proxy", {"DBProxyName": "none"}, "DBProxyNotFoundFault"),
        ("delete_db_proxy", {"DBProxyName": "rdsfailover-proxy"}, "InvalidDBProxyStateFault"),
        ("describe_db_proxy_target_groups", {"DBProxyName": "none"}, "DBProxyNotFoundFault"),
        (
            "describe_db_proxy_targets",
            {"DBProxyName": "rdsfailover-proxy", "TargetGroupName": "none"},
            "DBProxyTargetGroupNotFoundFault",
        ),
        (
            "register_db_proxy_targets",
            {"DBProxyName": "none", "DBClusterIdentifiers": [CLUSTER]},
            "DBProxyNotFoundFault",
        ),
        ("describe_option_groups", {"OptionGroupName": "none"}, "OptionGroupNotFoundFault"),
        ("start_db_cluster", {"DBClusterIdentifier": "none"}, "DBClusterNotFoundFault"),
        (
            "promote_read_replica_db_cluster",
            {"DBClusterIdentifier": "no"},
            "DBClusterNotFoundFault",
        ),
        (
            "describe_global_clusters",
            {"GlobalClusterIdentifier": "none"},
            "GlobalClusterNotFoundFault",
        ),
        (
            "describe_global_clusters",
            {"Filters": [{"Name": "colour", "Values": ["red"]}]},
            "InvalidParameterValue",
        ),
        ("describe_events", {"SourceType": "db-nothing"}, "InvalidParameterValue"),
        ("describe_events", {"MaxRecords": 5}, "InvalidParameterValue"),
        *[
            (f"describe_db_{kind}", wrong, "InvalidParameterValue")
            for kind in ("clusters", "instances")
            for wrong in ({"Marker": "bogus"}, {"MaxRecords": 19}, {"MaxRecords": 101})
        ],
        *[
            (call, {"DBClusterIdentifier": arn}, "DBClusterNotFoundFault")
            for call in (
                "describe_db_clusters",
                "failover_db_cluster",
                "describe_db_cluster_endpoints",
            )
            for arn in FOREIGN
        ],
        ("reboot_db_instance", {"DBInstanceIdentifier": FOREIGN[0]}, "DBInstanceNotFound"),
        ("list_tags_for_resource", {"ResourceName": FOREIGN[0]}, "InvalidParameterValue"),
        *[
            (
                "create_db_cluster",
                {"DBClusterIdentifier": name, **ACCOUNT},
                "DBClusterAlreadyExistsFault",
            )
            for name in (CLUSTER, CLUSTER.upper())
        ],
        (
            "remove_from_global_cluster",
            {"GlobalClusterIdentifier": "none", "DbClusterIdentifier": "no"},
            "GlobalClusterNotFoundFault",
        ),
        ("describe_events", {"Marker": "x"}, "InvalidParameterValue"),
        (
            "describe_db_cluster_endpoints",
            {"Filters": [{"Name": "colour", "Values": ["red"]}]},
            "InvalidParameterValue",
        ),
    ],
)
def test_what_nothing_has_is_refused_and_never_our_failure(rds, call, arguments, code):
    assert refusal(getattr(rds, call), **arguments) == code


def test_a_proxy_s_targets_are_named_by_identifiers_and_each_is_one_once(resting, rds):
    subnets = [one["SubnetId"] for one in resting.aws.client("ec2").describe_subnets()["Subnets"]]
    rds.create_db_proxy(
        DBProxyName="targets", EngineFamily="MYSQL", VpcSubnetIds=subnets,
        RoleArn="arn:aws:iam::123456789012:role/targets", Auth=[{"AuthScheme": "SECRETS"}],
    )  # fmt: skip
    arn = described(rds)["DBClusterArn"]

    def code(call, **targets):
        return refusal(getattr(rds, f"{call}_db_proxy_targets"), DBProxyName="targets", **targets)

    assert code("deregister", DBClusterIdentifiers=[CLUSTER]) == "DBProxyTargetNotFoundFault"
    assert code("register", DBClusterIdentifiers=[arn]) == "DBClusterNotFoundFault"
    assert code("register", DBInstanceIdentifiers=["none"]) == "DBInstanceNotFound"
    rds.register_db_proxy_targets(DBProxyName="targets", DBClusterIdentifiers=[CLUSTER.upper()])
    again = code("register", DBClusterIdentifiers=[CLUSTER])
    rds.deregister_db_proxy_targets(DBProxyName="targets", DBClusterIdentifiers=[CLUSTER.upper()])

    assert again == "DBProxyTargetAlreadyRegisteredFault"
    assert rds.describe_db_proxy_targets(DBProxyName="targets")["Targets"] == []


PAGED = {
    "describe_db_log_files": {"DBInstanceIdentifier": "instance-1"},
    "describe_db_proxy_targets": {"DBProxyName": "rdsfailover-proxy"},
    "describe_db_proxy_target_groups": {"DBProxyName": "rdsfailover-proxy"},
    "describe_option_group_options": {"EngineName": "mysql"},
    "describe_orderable_db_instance_options": {"Engine": "aurora-mysql"},
} | {
    f"describe_{name}": {}
    for name in (
        "blue_green_deployments", "db_cluster_parameter_groups", "db_cluster_snapshots",
        "db_instance_automated_backups", "db_parameter_groups", "db_proxies", "db_security_groups",
        "db_snapshots", "db_subnet_groups", "event_subscriptions", "global_clusters", "option_groups",
    )
}  # fmt: skip


@pytest.mark.parametrize("call", PAGED)
def test_each_list_comes_in_pages_of_a_size_that_rds_takes(rds, call):
    ask = functools.partial(getattr(rds, call), **PAGED[call])

    ask(MaxRecords=20)
    assert refusal(ask, MaxRecords=1001) == "InvalidParameterValue"
    assert refusal(ask, Marker="bogus") == "InvalidParameterValue"


def test_a_list_of_moto_s_is_read_page_by_page(rds):
    for number in range(24):
        rds.create_db_parameter_group(
            DBParameterGroupName=f"group-{number:02}", DBParameterGroupFamily="aurora-mysql8.0",
            Description="one of many",
        )  # fmt: skip
    pages = [
        [one["DBParameterGroupName"] for one in page["DBParameterGroups"]]
        for page in rds.get_paginator("describe_db_parameter_groups").paginate(
            PaginationConfig={"PageSize": 20}
        )
    ]

    assert len(pages[0]) == 20
    assert {*pages[0], *pages[1]} >= {f"group-{number:02}" for number in range(24)}
    assert not {*pages[0]} & {*pages[1]}


def test_resources_are_found_by_their_arns_and_in_capitals(resting, rds):
    arn, writer = described(rds)["DBClusterArn"], resting.writer
    instance = next(one for one in instances(rds) if one["DBInstanceIdentifier"] == writer)

    for name in (arn, CLUSTER.upper()):
        found = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
        assert [one["DBClusterIdentifier"] for one in found] == [CLUSTER]
        assert (
            len(rds.describe_db_cluster_endpoints(DBClusterIdentifier=name)["DBClusterEndpoints"])
            == 2
        )
    for name in (instance["DBInstanceArn"], writer.upper()):
        found = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        assert [one["DBInstanceIdentifier"] for one in found] == [writer]
    wanted = [{"Name": "db-cluster-id", "Values": [arn]}]
    assert len(rds.describe_db_instances(Filters=wanted)["DBInstances"]) == 3
    rds.failover_db_cluster(DBClusterIdentifier=arn)
    resting.rest()
    assert resting.writer != writer


@pytest.mark.parametrize(
    ("name", "code"),
    [(CLUSTER.upper(), "DBClusterAlreadyExistsFault"), ("copy", "InvalidRestoreFault")],
)
def test_the_cluster_is_neither_replaced_by_its_copy_nor_copied(rds, name, code):
    snapshot = {"DBClusterSnapshotIdentifier": "kept", "DBClusterIdentifier": CLUSTER}
    rds.create_db_cluster_snapshot(**snapshot)
    new = {"DBClusterIdentifier": name}

    then = {"SourceDBClusterIdentifier": CLUSTER, "UseLatestRestorableTime": True}
    assert refusal(rds.restore_db_cluster_to_point_in_time, **new, **then) == code
    kept = {"SnapshotIdentifier": "kept", "Engine": "aurora-mysql"}
    assert refusal(rds.restore_db_cluster_from_snapshot, **new, **kept) == code
    assert described(rds)["Status"] == "available"


def test_a_name_of_a_cluster_of_a_test_s_own_is_taken_as_well(rds):
    rds.create_db_cluster(DBClusterIdentifier="other", **ACCOUNT)

    again = {"DBClusterIdentifier": "OTHER", **ACCOUNT}
    assert refusal(rds.create_db_cluster, **again) == "DBClusterAlreadyExistsFault"


def test_a_cluster_of_a_test_s_own_is_stopped_and_started(rds):
    rds.create_db_cluster(DBClusterIdentifier="other", **ACCOUNT)

    def status():
        return rds.describe_db_clusters(DBClusterIdentifier="other")["DBClusters"][0]["Status"]

    rds.stop_db_cluster(DBClusterIdentifier="other")
    assert status() == "stopped"
    rds.start_db_cluster(DBClusterIdentifier="other")
    assert status() == "available"


def test_a_cluster_of_a_test_s_own_becomes_a_global_database_that_is_found_by_its_region(rds):
    arn = rds.create_db_cluster(DBClusterIdentifier="other", **ACCOUNT)["DBCluster"]["DBClusterArn"]
    world = {"GlobalClusterIdentifier": "world"}
    rds.create_global_cluster(**world, SourceDBClusterIdentifier=arn)

    def found(region):
        wanted = [{"Name": "region", "Values": [region]}]
        return rds.describe_global_clusters(Filters=wanted)["GlobalClusters"]

    (shown,) = found(arn.split(":")[3])
    assert [member["DBClusterArn"] for member in shown["GlobalClusterMembers"]] == [arn]
    assert found("eu-central-1") == []
    assert rds.describe_global_clusters(**world)["GlobalClusters"] == [shown]
    rds.remove_from_global_cluster(**world, DbClusterIdentifier=arn)
    rds.delete_global_cluster(**world)
    assert rds.describe_global_clusters()["GlobalClusters"] == []


def test_clusters_and_instances_are_filtered_by_what_rds_filters_by(rds):
    for name in ("domain", "clone-group-id"):
        wanted = [{"Name": name, "Values": ["none"]}]
        assert rds.describe_db_clusters(Filters=wanted)["DBClusters"] == []
    chosen = rds.describe_db_instances()["DBInstances"][1]
    wanted = [{"Name": "dbi-resource-id", "Values": [chosen["DbiResourceId"]]}]
    found = rds.describe_db_instances(Filters=wanted)["DBInstances"]
    assert [one["DBInstanceArn"] for one in found] == [chosen["DBInstanceArn"]]


def test_endpoints_and_events_are_filtered_and_paged(resting, rds):
    wanted = [{"Name": "db-cluster-endpoint-type", "Values": ["reader"]}]
    found = rds.describe_db_cluster_endpoints(Filters=wanted)["DBClusterEndpoints"]
    assert [one["Endpoint"] for one in found] == [resting.reader_endpoint.host]

    for _ in range(8):
        rds.failover_db_cluster(DBClusterIdentifier=CLUSTER)
        resting.rest()
    everything = rds.get_paginator("describe_events").paginate().build_full_result()["Events"]
    paged = [page["Events"] for page in rds.get_paginator("describe_events").paginate(
        PaginationConfig={"PageSize": 20})]  # fmt: skip
    assert len(everything) > 20
    assert len(paged[0]) == 20
    assert [one for page in paged for one in page] == everything


def test_what_a_test_changed_is_undone_for_the_next(resting, rds):
    secrets = resting.aws.client("secretsmanager")
    before = described(rds)
    rds.add_tags_to_resource(ResourceName=before["DBClusterArn"], Tags=[{"Key": "a", "Value": "b"}])
    rds.modify_db_cluster(DBClusterIdentifier=CLUSTER, DeletionProtection=True)
    rds.modify_db_instance(DBInstanceIdentifier=resting.readers[0], PromotionTier=0)
    rds.create_db_cluster(
        DBClusterIdentifier="other", Engine="aurora-mysql", MasterUsername="someone",
        MasterUserPassword="not-a-secret",
    )  # fmt: skip
    secrets.create_secret(Name="mine", SecretString="x")
    for _ in range(2):
        resting.aws.undo()

    (after,) = rds.describe_db_clusters()["DBClusters"]
    assert after["TagList"] == before["TagList"]
    assert not after["DeletionProtection"]
    assert {one["PromotionTier"] for one in instances(rds)} == {1}
    assert [
        one["Name"] for one in secrets.list_secrets()["SecretList"] if one["Name"] == "mine"
    ] == []
    arn = after["MasterUserSecret"]["SecretArn"]
    kept = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    assert kept["username"] == resting.writer_endpoint.user


def test_the_region_is_one_that_every_client_can_be_led_to(rds):
    """Version 1 of the AWS CLI leaves AWS_ENDPOINT_URL aside for RDS of us-east-1."""
    assert rds.meta.region_name != "us-east-1"
