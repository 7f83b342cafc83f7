"""The AWS API of the local cluster as tests and the user's own code meet it."""

from pathlib import Path

import pytest
from finished import ALWAYS_FIT
from fitness import fit, unfit_line

pytest.importorskip("moto")
pytest.importorskip("flask")

pytestmark = [pytest.mark.local, pytest.mark.usefixtures("with_aws")]
EXAMPLE = Path(__file__).parents[2] / "examples" / "aws-api"
CARRIED = ("--rds-seed=1", "--rds-calm-not-issued=100%")  # whatever a busy machine carries
OWN = """
    import boto3, os
    import pytest
    from botocore.config import Config
    from botocore.exceptions import EndpointConnectionError

    def drill():
        "Knows nothing of tests."
        rds = boto3.client("rds")
        cluster = rds.describe_db_clusters()["DBClusters"][0]
        rds.failover_db_cluster(DBClusterIdentifier=cluster["DBClusterIdentifier"])

    def test_drill(rds_cluster, rds_aws, rds_load):
        before = rds_cluster.writer
        with rds_load(rds_cluster.writer_endpoint) as load:
            load.warm_up()
            drill()
        assert rds_cluster.writer != before
        assert load.trial.valid
        assert load.trial.downtime < 5

    def test_without_being_asked_for_no_client_finds_anything(rds_cluster):
        rds = boto3.client("rds", config=Config(retries={"total_max_attempts": 1}))
        with pytest.raises(EndpointConnectionError, match="rds_aws"):
            rds.describe_db_clusters()

    def test_afterwards_nothing_leads_there():
        assert "AWS_ENDPOINT_URL" not in os.environ

    def members(client):
        return len(client.describe_db_clusters()["DBClusters"][0]["DBClusterMembers"])

    def test_two(rds_client):
        assert members(rds_client) == 2

    @pytest.mark.rds_instances(3)
    def test_three(rds_client):
        assert members(rds_client) == 3
"""


def test_the_users_own_code_finds_the_local_cluster_where_it_is_asked_for(project, monkeypatch):
    """And nothing else finds anything, whatever the environment says; the example is with them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", "https://rds.eu-west-1.amazonaws.com")
    project.makepyfile(OWN)
    project.makeconftest(ALWAYS_FIT)
    for name in ("drill.py", "test_drill.py"):
        project.path.joinpath(name).write_text(EXAMPLE.joinpath(name).read_text())

    result = fit(lambda: project.runpytest_subprocess(*CARRIED), unfit_line)

    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(["trigger: failover_db_cluster by boto3, answered by moto*"])


HIDDEN = """
import importlib.util
import sys

find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "moto" else find(name, *more)
"""


def test_without_the_extra_failovers_are_direct_and_the_client_says_what_to_install(project):
    project.makeconftest(HIDDEN)
    project.makepyfile("""
        def test_trial(rds_trial, rds_cluster):
            assert rds_trial(rds_cluster.writer_endpoint).downtime < 5

        def test_client(rds_client): pass
    """)

    result = fit(project.runpytest_subprocess, unfit_line)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*pip install 'pytest-rdsfailover[[]aws]'*", "*trigger: direct*"])


CHANGING = """
    import boto3

    def test_one_changes_something(rds_cluster, rds_client, rds_aws):
        cluster = rds_client.describe_db_clusters()["DBClusters"][0]["DBClusterIdentifier"]
        rds_client.modify_db_cluster(DBClusterIdentifier=cluster, DeletionProtection=True)
        boto3.client("secretsmanager").create_secret(Name="mine", SecretString="x")

    def test_the_next_finds_nothing_of_it(rds_cluster, rds_client, rds_aws):
        (cluster,) = rds_client.describe_db_clusters()["DBClusters"]
        assert not cluster["DeletionProtection"]
        names = [one["Name"] for one in boto3.client("secretsmanager").list_secrets()["SecretList"]]
        assert "mine" not in names
        assert cluster["MasterUserSecret"]["SecretStatus"] == "active"
"""


def test_what_one_test_changed_is_undone_for_the_next(project):
    project.makepyfile(CHANGING)
    result = project.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=2)


ROTATING = """
    def test_one_rotates_under_load(rds_cluster, rds_client, rds_load):
        with rds_load(rds_cluster.writer_endpoint, writers=4) as load:
            load.warm_up()
            rds_client.modify_db_cluster(
                DBClusterIdentifier="rdsfailover", RotateMasterUserPassword=True,
                ApplyImmediately=True,
            )
        assert load.trial.lost == []  # the audit logs in by the new password

    def test_the_next_has_the_first_password(rds_cluster, rds_trial):
        assert rds_trial(rds_cluster.writer_endpoint).lost == []
"""


def test_a_password_that_one_test_rotates_stops_neither_its_audit_nor_the_next_test(project):
    project.makepyfile(ROTATING)
    result = fit(lambda: project.runpytest_subprocess("-p", "no:cacheprovider"), unfit_line)

    result.assert_outcomes(passed=2)
