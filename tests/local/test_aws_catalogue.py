"""What runbooks ask for besides the cluster itself."""

import pytest

pytest.importorskip("moto")
pytest.importorskip("flask")

from botocore.exceptions import ClientError
from region import CLUSTER, described, refusal

# The API asks the gateway, never the server.
pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("local/aws_api")]


@pytest.fixture
def rds(resting):
    yield resting.aws.client("rds")
    resting.aws.undo()


def test_the_engine_version_of_the_cluster_is_one_of_the_versions(rds):
    cluster = described(rds)
    wanted = {"Engine": cluster["Engine"], "EngineVersion": cluster["EngineVersion"]}
    (found,) = rds.describe_db_engine_versions(**wanted)["DBEngineVersions"]

    assert (found["Engine"], found["EngineVersion"]) == tuple(wanted.values())
    assert rds.describe_db_engine_versions(Engine="mysql")["DBEngineVersions"] == []


def test_the_categories_are_those_of_the_events(resting, rds):
    rds.failover_db_cluster(DBClusterIdentifier=CLUSTER)
    resting.rest()
    known = {
        one["SourceType"]: set(one["EventCategories"])
        for one in rds.describe_event_categories()["EventCategoriesMapList"]
    }

    for event in rds.describe_events()["Events"]:
        assert set(event["EventCategories"]) <= known[event["SourceType"]]
    (one,) = rds.describe_event_categories(SourceType="db-cluster")["EventCategoriesMapList"]
    assert one["SourceType"] == "db-cluster"


def test_no_maintenance_is_pending(rds):
    arn = described(rds)["DBClusterArn"]
    for call in ({}, {"ResourceIdentifier": arn}, {"Filters": filters("db-cluster-id", CLUSTER)}):
        assert rds.describe_pending_maintenance_actions(**call)["PendingMaintenanceActions"] == []


def filters(name, *values):
    return [{"Name": name, "Values": list(values)}]


ARN = "arn:aws:rds:us-east-2:123456789012"
NOBODY = {
    f"{ARN}:cluster:nobody": "DBClusterNotFoundFault", f"{ARN}:db:nobody": "DBInstanceNotFound",
    CLUSTER: "InvalidParameterValue",  # a name is no ARN
}  # fmt: skip


@pytest.mark.parametrize(
    ("call", "options", "code"),
    [
        *[("list_tags_for_resource", {"ResourceName": arn}, code) for arn, code in NOBODY.items()],
        *[
            ("add_tags_to_resource", {"ResourceName": arn, "Tags": [{"Key": "a", "Value": "b"}]}, code)
            for arn, code in NOBODY.items()
        ],
        ("remove_tags_from_resource", {"ResourceName": f"{ARN}:db:nobody", "TagKeys": ["a"]}, "DBInstanceNotFound"),
        ("describe_pending_maintenance_actions", {"ResourceIdentifier": f"{ARN}:db:nobody"}, "DBInstanceNotFound"),
        ("describe_pending_maintenance_actions", {"Filters": filters("colour", "red")}, "InvalidParameterValue"),
        ("describe_event_categories", {"SourceType": "db-colour"}, "InvalidParameterValue"),
        ("describe_db_clusters", {"DBClusterIdentifier": f"{ARN}:db:{CLUSTER}"}, "DBClusterNotFoundFault"),
        ("failover_db_cluster", {"DBClusterIdentifier": f"{ARN}:db:{CLUSTER}"}, "DBClusterNotFoundFault"),
        ("describe_db_instances", {"DBInstanceIdentifier": f"{ARN}:cluster:instance-1"}, "DBInstanceNotFound"),
        ("modify_db_cluster", {"DBClusterIdentifier": CLUSTER, "PreferredMaintenanceWindow": "late"}, "InvalidParameterValue"),
        ("describe_db_proxy_target_groups", {"DBProxyName": "rdsfailover-proxy", "TargetGroupName": "other"}, "DBProxyTargetGroupNotFoundFault"),
        ("describe_db_proxy_target_groups", {"DBProxyName": "other"}, "DBProxyNotFoundFault"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(rds, call, options, code):
    assert refusal(getattr(rds, call), **options) == code


def test_the_target_group_of_the_proxy_is_called_default(rds):
    for more in ({}, {"TargetGroupName": "default"}):
        found = rds.describe_db_proxy_target_groups(DBProxyName="rdsfailover-proxy", **more)
        assert [group["TargetGroupName"] for group in found["TargetGroups"]] == ["default"]


def test_a_call_that_moto_has_not_is_no_page_of_html(resting):
    fis = resting.aws.client("fis")
    with pytest.raises(ClientError, match=r"GET /safetyLevers/one; the AWS API .* lacks") as caught:
        fis.get_safety_lever(id="one")

    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert refusal(fis.get_experiment, id="EXPnone") == "ResourceNotFoundException"  # moto's own


def test_the_endpoints_of_the_proxy_are_listed(resting, rds):
    found = rds.describe_db_proxy_endpoints(DBProxyName="rdsfailover-proxy")["DBProxyEndpoints"]

    assert [(one["TargetRole"], one["IsDefault"], one["Endpoint"]) for one in found] == [
        ("READ_WRITE", True, resting.proxy_endpoint.host),
        ("READ_ONLY", False, resting.proxy_reader_endpoint.host),
    ]
    call = {"DBProxyEndpointName": "none"}
    assert refusal(rds.describe_db_proxy_endpoints, **call) == "DBProxyEndpointNotFoundFault"
    call = {"DBProxyName": "none"}
    assert refusal(rds.describe_db_proxy_endpoints, **call) == "DBProxyNotFoundFault"


def test_a_proxy_of_a_test_s_own_is_modified_and_the_cluster_s_is_not(resting, rds):
    ec2 = resting.aws.client("ec2")
    rds.create_db_proxy(
        DBProxyName="pool", EngineFamily="MYSQL", RoleArn="arn:aws:iam::123456789012:role/pool",
        VpcSubnetIds=[one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]],
        Auth=[{"AuthScheme": "SECRETS", "IAMAuth": "DISABLED"}],
    )  # fmt: skip
    changed = rds.modify_db_proxy(DBProxyName="pool", IdleClientTimeout=60, NewDBProxyName="two")

    assert (changed["DBProxy"]["IdleClientTimeout"], changed["DBProxy"]["DBProxyName"]) == (
        60,
        "two",
    )
    assert refusal(rds.describe_db_proxies, DBProxyName="pool") == "DBProxyNotFoundFault"
    call = {"DBProxyName": "rdsfailover-proxy", "RequireTLS": True}
    assert refusal(rds.modify_db_proxy, **call) == "InvalidDBProxyStateFault"


def test_the_proxy_s_settings_are_values_that_rds_has(rds):
    from botocore.session import Session

    (proxy,) = rds.describe_db_proxies(DBProxyName="rdsfailover-proxy")["DBProxies"]
    allowed = Session().get_service_model("rds").shape_for("IAMAuthMode").enum

    assert {auth["IAMAuth"] for auth in proxy["Auth"]} <= set(allowed)


def test_fis_lists_the_actions_that_it_can_carry_out(resting):
    fis = resting.aws.client("fis")
    names = [one["id"] for one in fis.list_actions()["actions"]]

    assert names == ["aws:rds:failover-db-cluster", "aws:rds:reboot-db-instances"]
    assert fis.get_action(id=names[1])["action"]["parameters"]["forceFailover"]["required"] is False
    assert refusal(fis.get_action, id="aws:ec2:stop-instances") == "ResourceNotFoundException"


def test_composite_alarms_are_shown_where_they_are_asked_for(resting, rds):
    alarms = resting.aws.client("cloudwatch")
    alarms.put_metric_alarm(
        AlarmName="one", MetricName="errors", Namespace="app", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    alarms.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(one)")

    def names(**wanted):
        found = alarms.describe_alarms(**wanted)
        return [
            [alarm["AlarmName"] for alarm in found.get(kind, [])]
            for kind in ("MetricAlarms", "CompositeAlarms")
        ]

    assert names() == [["one"], []]
    assert names(AlarmTypes=["CompositeAlarm"]) == [[], ["all"]]
    both = {"AlarmTypes": ["CompositeAlarm", "MetricAlarm"]}
    assert names(**both) == [["one"], ["all"]]
    assert names(**both, MaxRecords=1) == [[], ["all"]]  # composite ones first
    assert alarms.describe_alarms(**both, MaxRecords=1)["NextToken"] == "1"
    assert "NextToken" not in alarms.describe_alarms(**both, MaxRecords=2)
    assert names(**both, NextToken="1") == [["one"], []]
    assert refusal(alarms.describe_alarms, NextToken="bogus") == "InvalidNextToken"
    assert refusal(alarms.describe_alarms, MaxRecords=101) == "ValidationError"
    assert described(rds)["Status"] == "available"


def test_composite_alarms_follow_their_rules(resting):
    alarms = resting.aws.client("cloudwatch")
    alarms.put_metric_alarm(
        AlarmName="m077", MetricName="errors", Namespace="app", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    (arn,) = [
        each["AlarmArn"] for each in alarms.describe_alarms(AlarmNames=["m077"])["MetricAlarms"]
    ]
    rules = {
        "named": "ALARM(m077)", "by ARN": f"ALARM('{arn}')", "not": "NOT OK(m077)", "nested": "ALARM('by ARN')",
        "missing": "INSUFFICIENT_DATA(nobody)", "circle": "OK(circle)",
        **{f"wide{n}": f"OK(wide{n + 1}) OR OK(wide{n + 1})" for n in range(40)},
    }  # fmt: skip
    for name, rule in rules.items():
        alarms.put_composite_alarm(AlarmName=name, AlarmRule=rule)

    def states():
        found = alarms.describe_alarms(AlarmTypes=["CompositeAlarm"], AlarmNames=[*rules])
        return {each["AlarmName"]: each["StateValue"] for each in found["CompositeAlarms"]}

    for state, told in (("ALARM", "ALARM"), ("OK", "OK")):
        alarms.set_alarm_state(AlarmName="m077", StateValue=state, StateReason="a test")
        found = states()
        found = {name: found[name] for name in found if not name.startswith(("circle", "wide"))}
        assert found.pop("missing") == "ALARM"
        assert set(found.values()) == {told}
    assert (
        refusal(alarms.put_composite_alarm, AlarmName="x", AlarmRule="ALARM(") == "ValidationError"
    )
