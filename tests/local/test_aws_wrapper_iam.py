"""AWS's own Python driver logs in with IAM tokens that it makes by itself: its plugin, unmodified."""

import mysql.connector
import pytest
from aws_advanced_python_wrapper import AwsWrapperConnection, release_resources
from aws_advanced_python_wrapper.database_dialect import DatabaseDialectManager
from aws_advanced_python_wrapper.errors import AwsWrapperError
from aws_advanced_python_wrapper.utils.rds_utils import RdsUtils

pytestmark = [pytest.mark.local, pytest.mark.one_server]


@pytest.fixture
def ann(resting, monkeypatch):
    """A user of IAM at a cluster whose endpoints have names as in AWS."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with resting.writer_endpoint.connect() as admin, admin.cursor() as cursor:
        cursor.execute("CREATE USER ann IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'")
        try:
            with resting.aws_names("eu-west-1"):
                yield resting.writer_endpoint
                release_resources()
                DatabaseDialectManager._known_endpoint_dialects.clear()
                RdsUtils.clear_cache()
        finally:
            cursor.execute("DROP USER ann")


def connect(endpoint, **options):
    return AwsWrapperConnection.connect(
        mysql.connector.connect,
        host=endpoint.host, port=endpoint.port, user="ann", plugins="iam", iam_region="eu-west-1",
        use_pure=True, collation="utf8mb4_general_ci", connect_timeout=5, **options,
    )  # fmt: skip


def test_the_wrapper_s_own_tokens_open_an_endpoint(ann):
    with connect(ann) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_USER()")
        assert cursor.fetchone() == ("ann@%",)


def test_they_do_not_without_tls(ann):
    with pytest.raises((AwsWrapperError, mysql.connector.Error)):
        connect(ann, ssl_disabled=True)
