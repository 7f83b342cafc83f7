"""Clients that only look: judged for every operation of the installed botocore, and for real clients."""

import gzip
import json
import re
from pathlib import Path

import boto3
import botocore.loaders
import pytest

from pytest_rdsfailover.aws.read_only import OPERATIONS, is_read_only
from pytest_rdsfailover.live.api import LiveApi, TouchError
from pytest_rdsfailover.live.region import Region

LOADER = botocore.loaders.create_loader()
WRITING = (
    "Accept|Activate|Add|Apply|Associate|Attach|Cancel|Commit|Copy|Create|Deactivate|Delete"
    "|Deregister|Detach|Disable|Disassociate|Enable|Execute|Failover|Import|Insert|Invoke|Modify"
    "|Promote|Purge|Put|Reboot|Register|Reject|Remove|Reset|Restart|Restore|Revoke|Rotate|Run|Send"
    "|Set|Start|Stop|Switchover|Tag|Terminate|Transact|Untag|Update|Write"
)


@pytest.fixture(scope="module")
def operations():
    """Return each operation of each service, and the HTTP method by which it is asked."""
    return {
        f"{service}:{name}": operation["http"]["method"]
        for service in LOADER.list_available_services("service-2")
        for name, operation in model(service)["operations"].items()
    }


def model(service):
    """Return the description of a service; botocore itself takes three times as long to read it."""
    of_service = Path(service, LOADER.determine_latest_version(service, "service-2"))
    paths = [Path(place, of_service, "service-2.json.gz") for place in LOADER.search_paths]
    return json.loads(gzip.decompress(next(filter(Path.exists, paths)).read_bytes()))


def test_no_allowed_operation_of_any_service_is_named_like_one_that_writes(operations):
    allowed = {action for action in operations if is_read_only(action)}
    second = re.compile(rf":(?:\w*?(?:And|Or|Then)|)(?:{WRITING})(?=[A-Z]|$)")

    assert 2000 < len(allowed) < len(operations) / 2
    assert [action for action in allowed if second.search(action)] == []
    assert {operations[action] for action in allowed} <= {"GET", "HEAD", "POST"}


def test_the_check_by_names_would_notice_a_verb_that_writes(operations):
    second = re.compile(rf":(?:\w*?(?:And|Or|Then)|)(?:{WRITING})(?=[A-Z]|$)")

    assert second.search("x:DescribeAndDeleteThing")
    assert sum(bool(second.search(action)) for action in operations) > 8000


def test_every_operation_that_is_named_exists(operations):
    assert operations.keys() >= OPERATIONS


@pytest.mark.parametrize(
    "action",
    [
        "rds-data:BatchExecuteStatement", "dynamodb:BatchWriteItem", "logs:PutLogEvents",
        "cognito-identity:GetId", "redshift:GetClusterCredentials", "sts:GetFederationToken",
        "lightsail:DownloadDefaultKeyPair", "waf:GetChangeToken", "ecr:BatchDeleteImage",
        "rds:FailoverDBCluster", "rds:SwitchoverGlobalCluster", "fis:StartExperiment",
        "rds:Describe", "rds:Listen", "rds:DescribeDBClusters;DROP", "", "rds",
    ],
)  # fmt: skip
def test_what_is_not_known_to_look_only_is_refused(action):
    assert not is_read_only(action)


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    return LiveApi(Region("eu-west-1", "http://127.0.0.1:9"), "orders")


def test_a_batch_of_statements_is_not_sent(api):
    with pytest.raises(TouchError, match="rds-data:BatchExecuteStatement may change"):
        api.client("rds-data").batch_execute_statement(
            resourceArn="arn:aws:rds:1", secretArn="arn:aws:rds:1", sql="DROP TABLE t"
        )
    with pytest.raises(TouchError, match="dynamodb:BatchWriteItem"):
        api.client("dynamodb").batch_write_item(RequestItems={})


def test_no_url_is_signed_that_would_act(api):
    rds = api.client("rds")
    with pytest.raises(TouchError, match="rds:FailoverDBCluster"):
        rds.generate_presigned_url("failover_db_cluster", {"DBClusterIdentifier": "orders"})
    assert "DescribeDBClusters" in rds.generate_presigned_url("describe_db_clusters", {})
    assert rds.generate_db_auth_token("host", 3306, "me")


def test_a_client_of_boto3_itself_would_have_signed_it():
    rds = boto3.client(
        "rds", region_name="eu-west-1", aws_access_key_id="k", aws_secret_access_key="s"
    )
    assert "FailoverDBCluster" in rds.generate_presigned_url(
        "failover_db_cluster", {"DBClusterIdentifier": "o"}
    )
