"""Experiments of the Fault Injection Service: what boto3 starts is what the local cluster goes through."""

import itertools

import pytest

pytest.importorskip("moto")
pytest.importorskip("flask")

from region import described, refusal, slowly

from pytest_rdsfailover.aws import trigger
from pytest_rdsfailover.local.profiles.profiles import parse_profile

pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("local/aws_api")]

FAIL_OVER, REBOOT = "aws:rds:failover-db-cluster", "aws:rds:reboot-db-instances"
TARGETS = {FAIL_OVER: ("Clusters", "aws:rds:cluster"), REBOOT: ("DBInstances", "aws:rds:db")}
RESTART = parse_profile("slow-crash", {"onset": "20ms", "refused": "500ms"})
TOKENS = (f"token-{number}" for number in itertools.count())


@pytest.fixture
def rds(resting):
    return resting.aws.client("rds")


@pytest.fixture
def fis(resting):
    yield resting.aws.client("fis")
    resting.rest()
    resting.aws.undo()


def template(fis, action, parameters=None, on_nobody="fail", **target):
    key, kind = TARGETS[action]
    made = fis.create_experiment_template(
        clientToken=next(TOKENS),
        description="what a drill does",
        experimentOptions={"emptyTargetResolutionMode": on_nobody},
        stopConditions=[{"source": "none"}],
        roleArn="arn:aws:iam::123456789012:role/drill",
        targets={"one": {"resourceType": kind, "selectionMode": "ALL", **target}},
        actions={
            "act": {"actionId": action, "targets": {key: "one"}, "parameters": parameters or {}}
        },
    )
    return made["experimentTemplate"]["id"]


def start(fis, made, token=None, **more):
    call = {"clientToken": token or next(TOKENS), "experimentTemplateId": made, **more}
    return fis.start_experiment(**call)["experiment"]


def arn_of(rds, instance):
    [found] = rds.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"]
    return found["DBInstanceArn"]


def test_an_experiment_fails_the_cluster_over(resting, rds, fis):
    old, count = resting.writer, len(resting.failovers)
    made = template(fis, FAIL_OVER, resourceArns=[described(rds)["DBClusterArn"]])
    preview = start(fis, made, experimentOptions={"actionsMode": "skip-all"})
    assert preview["experimentOptions"]["actionsMode"] == "skip-all"
    assert len(resting.failovers) == count

    done = trigger.start_experiment(fis, made)
    resting.rest()

    assert done.request_id is not None
    assert len(resting.failovers) == count + 1
    assert resting.writer != old


def test_a_client_that_repeats_its_call_starts_one_experiment(resting, rds, fis):
    count = len(resting.failovers)
    made = template(fis, FAIL_OVER, resourceArns=[described(rds)["DBClusterArn"]])
    first = start(fis, made, "the same")
    resting.rest()
    again = start(fis, made, "the same")

    assert again["id"] == first["id"]
    assert (again["state"]["status"], len(resting.failovers)) == (
        first["state"]["status"],
        count + 1,
    )


def test_an_experiment_finds_its_cluster_by_all_of_its_tags(resting, rds, fis):
    count, arn = len(resting.failovers), described(rds)["DBClusterArn"]
    tags = {"ChaosAllowed": "true", "Team": "orders"}
    rds.add_tags_to_resource(
        ResourceName=arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )
    for wanted in ({"ChaosAllowed": "no"}, {"ChaosAllowed": "true", "Team": "other"}):
        failed = start(fis, template(fis, FAIL_OVER, resourceTags=wanted))
        assert failed["state"]["status"] == "failed"
        assert "empty set for action act" in failed["state"]["reason"]
    skipped = start(fis, template(fis, FAIL_OVER, on_nobody="skip", resourceTags={"Team": "other"}))
    assert (skipped["state"]["status"] == "failed", len(resting.failovers)) == (False, count)

    for wanted in (tags, {"Team": "orders"}):
        start(fis, template(fis, FAIL_OVER, resourceTags=wanted))
        resting.rest()
    assert len(resting.failovers) == count + 2


def test_what_is_elsewhere_or_busy_makes_an_experiment_fail_and_says_so(resting, rds, fis):
    count, arn = len(resting.failovers), described(rds)["DBClusterArn"]
    stranger = arn.replace(arn.split(":")[4], "999999999999")
    failed = start(fis, template(fis, FAIL_OVER, resourceArns=[stranger]))
    assert failed["state"]["reason"] == f"Action act: {stranger} is not found here"
    assert (failed["state"]["status"], len(resting.failovers)) == ("failed", count)

    stopped = [{"path": "Status", "values": ["stopped"]}]
    failed = start(fis, template(fis, FAIL_OVER, resourceArns=[arn], filters=stopped))
    assert "knows no filters" in failed["state"]["reason"]
    assert (failed["state"]["status"], len(resting.failovers)) == ("failed", count)

    slowly(fis, "StartExperiment")
    made = template(fis, FAIL_OVER, resourceArns=[arn])
    start(fis, made)
    again = start(fis, made)
    resting.rest()

    assert len(resting.failovers) == count + 1
    assert again["state"]["status"] == "failed"
    assert "not in available state" in again["state"]["reason"]


def test_an_experiment_restarts_instances_where_they_are(resting, rds, fis):
    writer, count = resting.writer, len(resting.failovers)
    slowly(fis, "StartExperiment", RESTART)
    arns = [arn_of(rds, writer)]
    failed = start(fis, template(fis, REBOOT, {"forceFailover": "true"}, resourceArns=arns))
    assert "ForceFailover can only be specified" in failed["state"]["reason"]
    assert len(resting.failovers) == count

    start(fis, template(fis, REBOOT, {"forceFailover": "false"}, resourceArns=arns))
    [shown] = rds.describe_db_instances(DBInstanceIdentifier=writer)["DBInstances"]
    resting.rest()

    assert shown["DBInstanceStatus"] == "rebooting"
    assert (resting.writer, len(resting.failovers)) == (writer, count + 1)


def test_an_instance_is_found_by_its_tag(resting, rds, fis):
    reader = resting.readers[0]
    rds.add_tags_to_resource(
        ResourceName=arn_of(rds, reader), Tags=[{"Key": "Restart", "Value": "yes"}]
    )
    slowly(fis, "StartExperiment", RESTART)
    start(fis, template(fis, REBOOT, resourceTags={"Restart": "yes"}))
    resting.rest()

    cut = {one.instance for one in resting.failovers[-1].milestones() if one.name == "instance_cut"}
    assert cut == {reader}
    assert refusal(fis.get_experiment, id="EXPnone") == "ResourceNotFoundException"
