"""What of a version of Aurora is told outside of the gateway."""

import pytest

from pytest_rdsfailover.local.aws_api.catalogue import engine_versions
from pytest_rdsfailover.local.endpoints import endpoint_of
from pytest_rdsfailover.local.server.accounts import Account
from pytest_rdsfailover.model.aurora_versions import aurora_version
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.report.rerun import command


@pytest.mark.parametrize(
    ("name", "engine", "family"),
    [
        ("3.10", "8.0.mysql_aurora.3.10.0", "aurora-mysql8.0"),
        ("8.4", "8.4.mysql_aurora.8.4.8", "aurora-mysql8.4"),
    ],
)
def test_the_aws_api_shows_the_engine_version_of_a_cluster(name, engine, family):
    (shown,) = engine_versions(aurora_version(name), "aurora-mysql", None)
    assert shown["EngineVersion"] == engine
    assert shown["DBParameterGroupFamily"] == family


@pytest.mark.parametrize(
    ("name", "endpoint", "encrypted"),
    [("3.10", "cluster", False), ("3.10", "proxy", True), ("8.4", "cluster", True)],
)
def test_our_own_connections_are_encrypted_where_plain_text_is_refused(name, endpoint, encrypted):
    account = Account(user="app", password="a", database="app")
    made = endpoint_of(endpoint, "127.0.0.1", 3306, account, "ca.pem", aurora_version(name))
    assert made.tls.wanted is encrypted


def test_a_version_that_is_not_here_is_refused_with_those_that_are():
    with pytest.raises(SettingError, match=r"3\.10, 8\.4"):
        Settings(aurora="5.7")


def test_a_trial_is_taken_again_on_the_same_version():
    assert "--rds-aurora=8.4" in command(Settings(aurora="8.4"), "t")
