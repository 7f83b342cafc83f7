"""The AWS API of a local cluster, asked by real boto3: what it says is what the endpoints do."""

import datetime as dt
import json
import re
import time
import traceback
from dataclasses import replace

import pymysql
import pytest

pytest.importorskip("moto")
pytest.importorskip("flask")

from botocore.exceptions import ParamValidationError
from region import CLUSTER, described, fail_over, refusal, slowly, writers
from waiting import until

from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.profiles.profiles import load_profile, parse_profile
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy
from pytest_rdsfailover.model.errors import DiedError

# The API asks the gateway, never the server.
pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("local/aws_api")]

# As AWS' own test harnesses and others' read them.
STARTED = re.compile(r"^Started (?:(?:same|cross) AZ )?failover to DB instance: (\S+?)\.?$")
COMPLETED = re.compile(
    r"^Completed (?:(?:customer|RDS) initiated )?failover to DB instance: (\S+?)\.?$"
)
# Long enough to be seen on a machine that is busy with other things.
CRASH = parse_profile("slow-crash", {"onset": "20ms", "refused": "1s"})


@pytest.fixture
def rds(resting):
    return resting.aws.client("rds")


def events(rds, **query):
    """Return all events, however many earlier tests have left."""
    if {"MaxRecords", "Marker"} & set(query):
        return rds.describe_events(**query)["Events"]
    pages = rds.get_paginator("describe_events").paginate(**query)
    return pages.build_full_result()["Events"]


def messages(rds, **query):
    return [one["Message"] for one in events(rds, **query)]


def test_the_cluster_is_shown_with_its_local_addresses(resting, rds):
    cluster = described(rds)
    instances = rds.describe_db_instances()["DBInstances"]

    assert (cluster["Engine"], cluster["Status"]) == ("aurora-mysql", "available")
    writer, reader = resting.writer_endpoint, resting.reader_endpoint
    assert (cluster["Endpoint"], cluster["Port"]) == (writer.host, writer.port)
    assert cluster["ReaderEndpoint"] == reader.host
    assert writers(cluster) == [resting.writer]
    for instance in instances:
        own = resting.instance_endpoint(instance["DBInstanceIdentifier"])
        assert instance["Endpoint"] == {"Address": own.host, "Port": own.port}
        assert instance["DBInstanceStatus"] == "available"
    assert len({instance["AvailabilityZone"] for instance in instances}) == 3


def test_a_gateway_that_answers_too_late_is_asked_again_by_the_next_request(resting, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    rds, gateway = resting.aws.client("rds"), resting._gateway.process
    gateway.freeze()
    try:
        assert refusal(rds.describe_db_clusters) == "InternalFailure"
    finally:
        gateway.thaw()

    assert writers(described(rds)) == [resting.writer]


def test_endpoints_of_the_cluster_are_listed_which_moto_cannot(resting, rds):
    found = rds.describe_db_cluster_endpoints(DBClusterIdentifier=CLUSTER)["DBClusterEndpoints"]

    assert [(one["EndpointType"], one["Endpoint"]) for one in found] == [
        ("WRITER", resting.writer_endpoint.host),
        ("READER", resting.reader_endpoint.host),
    ]


def test_the_secret_of_the_cluster_holds_what_works_on_its_endpoints(resting, rds):
    arn = described(rds)["MasterUserSecret"]["SecretArn"]
    secret = resting.aws.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    credentials = json.loads(secret)

    with pymysql.connect(
        host=described(rds)["Endpoint"], port=described(rds)["Port"],
        user=credentials["username"], password=credentials["password"],
        connect_timeout=5, read_timeout=5,
    ) as connection, connection.cursor() as cursor:  # fmt: skip
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_sts_names_an_account_and_tokens_are_made(resting, rds):
    identity = resting.aws.client("sts").get_caller_identity()
    token = rds.generate_db_auth_token("localhost", 3306, "app")

    assert identity["Account"] in described(rds)["DBClusterArn"]
    assert token.startswith("localhost:3306/?Action=connect&DBUser=app")


def test_a_token_that_boto3_makes_opens_the_proxy_over_tls_and_nothing_else(resting, rds):
    """RDS Proxy takes a token for a user that has a password, too."""
    endpoint = resting.proxy_endpoint
    token = rds.generate_db_auth_token(endpoint.host, endpoint.port, endpoint.user)
    resting.proxy.begin({"iam_auth": "REQUIRED"})
    try:
        with replace(endpoint, token=lambda: token).connect() as connection:
            assert connection._sock.cipher()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                assert cursor.fetchone() == (1,)
        for wrong in (
            endpoint,  # with its password
            replace(endpoint, token=lambda: token.replace("DBUser=", "DBUser=x")),
            replace(endpoint, token=lambda: token, tls=replace(endpoint.tls, wanted=False)),
        ):
            with pytest.raises(pymysql.err.OperationalError) as caught:
                wrong.connect()
            assert caught.value.args[0] in (1045, 2059, 3159)
    finally:
        resting.proxy.begin({})


def test_a_login_that_fails_keeps_no_frame_that_holds_the_token(resting):
    """`pytest -l` would print it: PyMySQL sends it in clear, over TLS."""
    endpoint = replace(resting.proxy_endpoint, token=lambda: "t0ken-in-clear")
    resting.proxy.begin({"iam_auth": "REQUIRED"})
    try:
        with pytest.raises(pymysql.err.OperationalError) as ours:
            endpoint.connect()
        with pytest.raises(pymysql.err.OperationalError) as theirs:
            endpoint.connect(defer_connect=True).connect()
    finally:
        resting.proxy.begin({})

    assert "t0ken-in-clear" in locals_of(theirs.value)  # so it is we who keep it out
    assert "t0ken-in-clear" not in locals_of(ours.value)


def locals_of(error):
    """Return the local variables of all frames but the test's own."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return repr([frame.f_locals for frame in frames if frame.f_code.co_filename != __file__])


def test_a_failover_returns_at_once_and_the_writer_changes_when_it_is_promoted(resting, rds):
    slowly(rds, "FailoverDBCluster")
    old = resting.writer
    answer = fail_over(rds)
    assert (answer["Status"], writers(answer)) == ("available", [old])  # as AWS' answer does
    seen = []
    until(lambda: seen.append(described(rds)) or seen[-1]["Status"] == "available")

    failover = resting.failovers[-1]
    at = {milestone.name: milestone.at for milestone in failover.milestones()}
    assert seen[0]["Status"] == "failing-over"
    assert writers(seen[0]) == [old]
    assert writers(seen[-1]) == [resting.writer] != [old]
    assert all(len(writers(one)) == 1 for one in seen)
    assert at["trigger"] < at["promoted"]


def test_a_failover_by_the_plugin_is_the_same_call(resting, rds):
    """One code path: the trigger of a trial goes through the API, with its profile and seed."""
    short = parse_profile(
        "short", {"onset": "10ms", "refused": "50ms", "promotion": "100ms", "dns": "150ms"}
    )
    from pytest_rdsfailover.local import trigger as local_trigger

    assert isinstance(resting._trigger, local_trigger.ApiTrigger)
    resting.arm()
    wanted = resting.readers[-1]  # asked for before the failover, which may be over at once
    resting._trigger.start(short, writer=resting.writer, target=wanted, seed=5)
    resting.rest()

    failover = resting.failovers[-1]
    planned = {
        one.name: one.planned - failover.triggered for one in failover.milestones() if one.planned
    }
    assert failover.profile == "short"
    assert resting.writer == wanted
    assert planned["promoted"] == pytest.approx(0.11)
    assert planned["dns_flip"] == pytest.approx(0.16)
    until(lambda: wanted in messages(rds, SourceType="db-cluster")[-1])


def test_promotion_tiers_decide_who_is_promoted_unless_a_target_is_named(resting, rds):
    first, second = resting.readers
    rds.modify_db_instance(DBInstanceIdentifier=second, PromotionTier=0)
    try:
        fail_over(rds)
        resting.rest()
        assert resting.writer == second
    finally:
        rds.modify_db_instance(DBInstanceIdentifier=second, PromotionTier=1)

    fail_over(rds, TargetDBInstanceIdentifier=first)
    resting.rest()
    assert resting.writer == first


def test_a_target_must_be_an_available_reader_of_the_same_cluster(resting, rds):
    rds.create_db_cluster(
        DBClusterIdentifier="other", Engine="aurora-mysql", MasterUsername="someone",
        MasterUserPassword="not-a-secret",
    )  # fmt: skip
    for name in ("other-1", "other-2"):
        rds.create_db_instance(
            DBInstanceIdentifier=name, DBClusterIdentifier="other", Engine="aurora-mysql",
            DBInstanceClass="db.r7g.large",
        )  # fmt: skip
    before, count = resting.writer, len(resting.failovers)
    try:
        for target in (resting.writer, "other-1", "nobody"):
            call = {"DBClusterIdentifier": CLUSTER, "TargetDBInstanceIdentifier": target}
            assert refusal(rds.failover_db_cluster, **call) == "InvalidParameterValue"
        for target in ("other-1", resting.readers[0]):  # its writer, and somebody else's reader
            call = {"DBClusterIdentifier": "other", "TargetDBInstanceIdentifier": target}
            assert refusal(rds.failover_db_cluster, **call) == "InvalidParameterValue"
        assert (
            refusal(rds.failover_db_cluster, DBClusterIdentifier="none") == "DBClusterNotFoundFault"
        )
        with pytest.raises(ParamValidationError):
            rds.failover_db_cluster(DBClusterIdentifier=CLUSTER, TargetDBInstanceIdentifier=None)
        rds.failover_db_cluster(DBClusterIdentifier="other")  # which acts on nothing of ours
        assert (resting.writer, len(resting.failovers)) == (before, count)
    finally:
        for name in ("other-1", "other-2"):
            rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        rds.delete_db_cluster(DBClusterIdentifier="other", SkipFinalSnapshot=True)


def test_a_second_failover_is_refused_while_one_is_on_its_way(rds):
    slowly(rds, "FailoverDBCluster")
    fail_over(rds)

    assert refusal(fail_over, rds=rds) == "InvalidDBClusterStateFault"


def test_events_tell_the_story_in_the_words_of_rds(resting, rds):
    old, begun = resting.writer, dt.datetime.now(dt.UTC)
    fail_over(rds)
    resting.rest()
    new = resting.writer

    cluster = events(rds, SourceType="db-cluster", SourceIdentifier=CLUSTER, StartTime=begun)
    assert [STARTED.match(cluster[0]["Message"])[1], COMPLETED.match(cluster[1]["Message"])[1]] == [
        new,
        new,
    ]
    assert all(one["EventCategories"] == ["failover"] for one in cluster)
    assert all(one["SourceArn"].endswith(":cluster:rdsfailover") for one in cluster)
    assert cluster[0]["Date"] < cluster[1]["Date"]
    own = {"SourceType": "db-instance", "StartTime": begun}
    assert "A new writer was promoted. Restarting database as a reader." in messages(
        rds, SourceIdentifier=old, **own
    )
    assert messages(rds, SourceIdentifier=new, **own) == [
        "DB instance shutdown",
        "DB instance restarted",
    ]


def test_events_are_filtered_by_category_source_and_time(resting, rds):
    fail_over(rds)
    resting.rest()
    everything = events(rds)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)

    failovers = events(rds, EventCategories=["failover"])
    assert failovers
    assert all(one["SourceType"] == "db-cluster" for one in failovers)
    assert len(failovers) < len(everything)
    assert events(rds, EventCategories=["maintenance"]) == []
    assert events(rds, StartTime=later) == []
    last = everything[-1]["Date"]
    until_last = events(rds, StartTime=last - dt.timedelta(hours=1), EndTime=last)
    assert until_last[-1]["Date"] <= last
    assert events(rds, StartTime=later, EndTime=later + dt.timedelta(1)) == []
    call = {"SourceIdentifier": CLUSTER}
    assert refusal(rds.describe_events, **call) == "InvalidParameterCombination"
    call = {"StartTime": later, "EndTime": later - dt.timedelta(1)}
    assert refusal(rds.describe_events, **call) == "InvalidParameterCombination"


def is_cut(connection):
    """Tell whether a session has ended."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except pymysql.err.OperationalError:
        return True
    return False


def test_a_reboot_restarts_the_writer_in_place(resting, rds):
    slowly(rds, "RebootDBInstance", CRASH)
    writer = resting.writer
    pooled = resting.writer_endpoint.connect()
    begun = dt.datetime.now(dt.UTC)
    answer = rds.reboot_db_instance(DBInstanceIdentifier=writer)["DBInstance"]

    def state():
        return rds.describe_db_instances(DBInstanceIdentifier=writer)["DBInstances"][0]

    # A waiter that asks before anything is felt must not take the restart for over.
    assert (answer["DBInstanceStatus"], state()["DBInstanceStatus"]) == ("rebooting", "rebooting")
    again = refusal(rds.reboot_db_instance, DBInstanceIdentifier=writer)
    assert again == "InvalidDBInstanceState"
    assert described(rds)["Status"] == "available"
    until(lambda: is_cut(pooled))
    resting.rest()

    assert state()["DBInstanceStatus"] == "available"
    assert resting.writer == writer
    assert not resting.failovers[-1].moves_writer
    told = messages(rds, SourceType="db-instance", SourceIdentifier=writer, StartTime=begun)
    assert told == ["DB instance shutdown", "DB instance restarted"]
    assert events(rds, EventCategories=["failover"], StartTime=begun) == []


def test_a_reader_can_be_rebooted_and_the_writer_goes_on(resting, rds):
    slowly(rds, "RebootDBInstance", CRASH)
    reader = resting.readers[0]
    with resting.writer_endpoint.connect() as connection:
        rds.reboot_db_instance(DBInstanceIdentifier=reader)
        resting.rest()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert "instance_cut" in [one.name for one in resting.failovers[-1].milestones()]


def test_a_reboot_with_forced_failover_is_for_others_than_aurora(resting, rds):
    call = {"DBInstanceIdentifier": resting.writer, "ForceFailover": True}

    assert refusal(rds.reboot_db_instance, **call) == "InvalidParameterCombination"
    assert refusal(rds.reboot_db_instance, DBInstanceIdentifier="nobody") == "DBInstanceNotFound"


def test_a_proxy_over_the_cluster_lists_it_and_each_instance(resting, rds):
    ec2 = resting.aws.client("ec2")
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]]
    rds.create_db_proxy(
        DBProxyName="pool", EngineFamily="MYSQL", VpcSubnetIds=subnets,
        RoleArn="arn:aws:iam::123456789012:role/pool", Auth=[{"AuthScheme": "SECRETS"}],
    )  # fmt: skip
    rds.register_db_proxy_targets(DBProxyName="pool", DBClusterIdentifiers=[CLUSTER])

    def targets():
        return rds.describe_db_proxy_targets(DBProxyName="pool")["Targets"]

    roles = {one["RdsResourceId"]: one.get("Role") for one in targets()}
    assert roles == {CLUSTER: None, resting.writer: "READ_WRITE"} | dict.fromkeys(
        resting.readers, "READ_ONLY"
    )
    cluster, *members = targets()
    assert (cluster["Type"], cluster["Port"]) == ("TRACKED_CLUSTER", 0)
    assert all(one["Endpoint"] and one["Port"] for one in members)
    assert all(one["TargetHealth"]["State"] == "AVAILABLE" for one in targets()[1:])

    states = set()
    slowly(rds, "FailoverDBCluster")
    fail_over(rds)
    until(lambda: states.update(one["TargetHealth"]["State"] for one in targets()[1:])
          or resting.failovers[-1].settled())  # fmt: skip
    assert states == {"AVAILABLE", "UNAVAILABLE"}
    assert {one["RdsResourceId"] for one in targets() if one.get("Role") == "READ_WRITE"} == {
        resting.writer
    }
    assert refusal(rds.describe_db_proxy_targets, DBProxyName="none") == "DBProxyNotFoundFault"
    rds.delete_db_proxy(DBProxyName="pool")


def test_what_moto_lacks_is_a_readable_error(rds):
    assert refusal(rds.describe_certificates) == "NotImplemented"


def test_a_frozen_api_process_is_replaced_and_a_dead_one_is_our_error_with_its_log(server_program):
    with LocalCluster(server_program, find_toxiproxy("builtin"), load_profile("quick")) as cluster:
        cluster.arm()
        frozen = cluster.aws._process
        frozen.freeze()

        begun = time.monotonic()
        assert len(described(cluster.aws.client("rds"))["DBClusterMembers"]) > 1
        assert time.monotonic() - begun < 30
        assert not frozen.alive
        cluster.aws.check()

        cluster.aws._process.kill()
        with pytest.raises(DiedError, match="control"):
            cluster.check()


def test_the_cluster_is_shown_by_its_aws_names_while_it_has_them(resting, rds):
    with resting.aws_names("eu-west-1"):
        there = resting.aws.client("rds")
        cluster = described(there)
        assert there.meta.region_name == "eu-west-1"
        assert (cluster["Endpoint"], cluster["Port"]) == (resting.writer_endpoint.host, 3306)
        assert cluster["ReaderEndpoint"] == resting.reader_endpoint.host
        assert cluster["DBClusterArn"].startswith("arn:aws:rds:eu-west-1:")
        hosts = [one["Endpoint"]["Address"] for one in there.describe_db_instances()["DBInstances"]]
        assert hosts == [resting.instance_endpoint(one).host for one in resting.instances]
        secret = resting.aws.client("secretsmanager").get_secret_value(
            SecretId=cluster["MasterUserSecret"]["SecretArn"]
        )
        assert json.loads(secret["SecretString"])["username"] == resting.writer_endpoint.user
        fail_over(there)
        resting.rest()
        assert writers(described(there)) == [resting.writer]

    assert described(rds)["Endpoint"] == resting.writer_endpoint.host


def test_names_that_were_given_back_are_shown_nowhere(resting, rds):
    """However much of the region was made while the cluster had them."""
    with resting.aws_names("eu-west-1"):
        rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="own", DBParameterGroupFamily="aurora-mysql8.0",
            Description="made and undone",
        )  # fmt: skip
        resting.aws.undo()
        named = the_proxy(rds)["Endpoint"]

    assert named != the_proxy(rds)["Endpoint"] == resting.proxy_endpoint.host


def the_proxy(rds):
    """Return the local cluster's proxy as its API describes it."""
    return rds.describe_db_proxies(DBProxyName="rdsfailover-proxy")["DBProxies"][0]


def test_the_cluster_s_own_proxy_is_shown_with_its_address(resting, rds):
    proxy = the_proxy(rds)
    found = rds.describe_db_proxy_targets(DBProxyName="rdsfailover-proxy")["Targets"]

    assert (proxy["Endpoint"], proxy["Status"]) == (resting.proxy_endpoint.host, "available")
    assert proxy["Auth"][0]["SecretArn"] == described(rds)["MasterUserSecret"]["SecretArn"]
    assert [one["RdsResourceId"] for one in found] == [CLUSTER, *resting.instances]
