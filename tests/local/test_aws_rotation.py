"""A rotated password opens the cluster, the one before does not; for the next test it is undone."""

import json
from dataclasses import replace

import pymysql
import pytest

pytest.importorskip("moto")
pytest.importorskip("flask")

from region import CLUSTER, described, refusal

pytestmark = [pytest.mark.local, pytest.mark.contract("local/aws_api")]


@pytest.fixture
def rds(resting):
    yield resting.aws.client("rds")
    resting.aws.undo()


def by_the_secret(resting, rds):
    arn = described(rds)["MasterUserSecret"]["SecretArn"]
    resting.aws.client("secretsmanager").rotate_secret(SecretId=arn)


def by_the_cluster(_, rds):
    rds.modify_db_cluster(
        DBClusterIdentifier=CLUSTER, RotateMasterUserPassword=True, ApplyImmediately=True
    )


def kept(resting, rds, stage="AWSCURRENT"):
    arn = described(rds)["MasterUserSecret"]["SecretArn"]
    secrets = resting.aws.client("secretsmanager")
    found = secrets.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"]
    return json.loads(found)["password"]


def opens(endpoint, password):
    try:
        with replace(endpoint, password=password).connect() as connection:
            return bool(connection.query("SELECT 1"))
    except pymysql.err.OperationalError as error:
        return error.args[0] != 1045


@pytest.mark.parametrize("rotate", [by_the_secret, by_the_cluster])
def test_the_new_password_works_everywhere_and_the_old_one_nowhere(resting, rds, rotate):
    endpoints = resting.writer_endpoint, resting.reader_endpoint, resting.proxy_endpoint
    old = str(kept(resting, rds))
    with resting.writer_endpoint.connect() as pooled:
        rotate(resting, rds)
        new = kept(resting, rds)

        assert (new != old, kept(resting, rds, "AWSPREVIOUS")) == (True, old)
        assert [opens(one, new) for one in endpoints] == [True] * 3
        assert [opens(one, old) for one in endpoints] == [False] * 3
        assert [opens(one, one.password) for one in (resting.writer_endpoint, resting.audit_endpoint())] == [True] * 2  # fmt: skip
        with pooled.cursor() as cursor:
            cursor.execute("SELECT 1")  # a session that is there goes on
    resting.aws.undo()

    assert [opens(one, old) for one in endpoints] == [True] * 3
    assert [opens(one, new) for one in endpoints] == [False] * 3
    assert kept(resting, rds) == old


def test_it_can_be_rotated_again_and_under_the_cluster_s_aws_names(resting, rds):
    seen = {kept(resting, rds)}
    for _ in range(2):
        by_the_secret(resting, rds)
        seen.add(kept(resting, rds))
    assert len(seen) == 3

    with resting.aws_names("eu-west-1"):
        there = resting.aws.client("rds")
        assert kept(resting, there) in seen
        by_the_cluster(resting, there)
        assert kept(resting, there) not in seen
        assert opens(resting.proxy_endpoint, kept(resting, there))


def test_the_secret_of_the_cluster_is_changed_by_rotation_only(resting, rds):
    secrets, arn = (
        resting.aws.client("secretsmanager"),
        described(rds)["MasterUserSecret"]["SecretArn"],
    )
    before = kept(resting, rds)
    stages = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
    (now,) = (version for version, names in stages.items() if "AWSCURRENT" in names)
    for call, more in (
        (secrets.put_secret_value, {"SecretString": "x"}),
        (secrets.update_secret, {"SecretString": "x"}),
        (secrets.delete_secret, {}),
        (
            secrets.update_secret_version_stage,
            {"VersionStage": "AWSCURRENT", "RemoveFromVersionId": now, "MoveToVersionId": now},
        ),
        (secrets.rotate_secret, {"RotationLambdaARN": "arn:aws:lambda:us-east-2:1:function:x"}),
    ):
        assert refusal(call, SecretId=arn, **more) == "InvalidRequestException"
    secrets.rotate_secret(SecretId=arn, RotateImmediately=False)

    assert kept(resting, rds) == before
    assert opens(resting.writer_endpoint, before)
