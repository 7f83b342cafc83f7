"""The AWS API of the local cluster as tests and the user's own code meet it."""

import sys
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


WORLD = """
    from dataclasses import replace

    import pytest

    STATUS = "SELECT COUNT(DISTINCT AWS_REGION) FROM information_schema.aurora_global_db_status"

    def told(endpoint, query):
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    @pytest.mark.rds_instances(3)
    @pytest.mark.rds_global(1)
    @pytest.mark.rds_aws_names("eu-west-1")
    def test_the_global_writer_endpoint_has_a_name_of_its_own(rds_cluster, rds_client):
        (world,) = rds_client.describe_global_clusters()["GlobalClusters"]
        everywhere = replace(rds_cluster.writer_endpoint, host=world["Endpoint"])
        assert ".global-" in world["Endpoint"]
        assert told(everywhere, STATUS) == 2
        assert told(everywhere, "SELECT @@aurora_server_id") == rds_cluster.writer

    def test_others_have_a_cluster_of_one_region(rds_cluster, rds_client):
        assert rds_client.describe_global_clusters()["GlobalClusters"] == []
        assert told(rds_cluster.writer_endpoint, STATUS) == 0
"""


def test_the_users_own_code_finds_the_local_cluster_where_it_is_asked_for(project, monkeypatch):
    """And nothing else finds anything, whatever the environment says; the example is with them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", "https://rds.eu-west-1.amazonaws.com")
    project.makepyfile(OWN, test_world=WORLD)
    project.makeconftest(ALWAYS_FIT)
    for name in ("drill.py", "test_drill.py", "test_other_region.py"):
        project.path.joinpath(name).write_text(EXAMPLE.joinpath(name).read_text())

    result = fit(lambda: project.runpytest_subprocess(*CARRIED), unfit_line)

    result.assert_outcomes(passed=10)
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


# Each file has a worker of its own.
SHARING = """
    import os, signal, time
    from pathlib import Path
    import boto3

    HERE = Path(__file__).parent

    def until(condition):
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def there(name):
        return len(list(HERE.glob(name)))

    def test_each_worker_alone(rds_cluster, rds_client, rds_aws):
        if there("killed"):
            HERE.joinpath("again").touch()
        boto3.client("s3").create_bucket(
            Bucket="mine", CreateBucketConfiguration={{"LocationConstraint": "us-east-2"}}
        )
        HERE.joinpath("made-{number}").touch()
        until(lambda: there("made-*") == 3)
        if {number} == 0 and not there("killed"):
            HERE.joinpath("killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        until(lambda: there("again"))
        before = rds_cluster.writer
        rds_client.failover_db_cluster(DBClusterIdentifier="rdsfailover")
        rds_cluster.rest()
        assert rds_cluster.writer != before
        assert len(rds_cluster.failovers) == 1
        assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"

    def test_more(rds_client):
        assert rds_client.describe_db_clusters()["DBClusters"]
"""
COUNTING = """
    from pathlib import Path
    from pytest_rdsfailover.local.processes.process import Supervisor

    spawn = Supervisor.spawn

    def noted(self, name, *arguments, **options):
        with open(Path(__file__).with_name("started"), "a") as file:
            print(name, file=file)
        return spawn(self, name, *arguments, **options)

    Supervisor.spawn = noted
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shares")
def test_workers_share_one_import_of_moto_and_nothing_else(project):
    """Each has names and buckets of its own, and what happens to one concerns no other."""
    project.makepyfile(**{f"test_{n}": SHARING.format(number=n) for n in range(3)})
    project.makeconftest(COUNTING)
    result = project.runpytest_subprocess("-p", "xdist", "-n3", "--dist=loadfile")

    result.assert_outcomes(passed=6, failed=1)
    assert (project.path / "started").read_text().split().count("moto") == 1
    assert started(project) == {"moto"}


def started(project):
    """Return which of the two processes that answer for AWS a run has started."""
    return {*(project.path / "started").read_text().split()} & {"moto", "control"}


def test_what_one_test_changed_is_undone_for_the_next(project):
    """The password that the audit and the next test log in by is with it; who is alone forks nothing."""
    project.makepyfile(test_changing=CHANGING, test_rotating=ROTATING)
    project.makeconftest(COUNTING)
    options = ("-p", "no:cacheprovider", "-p", "no:xdist")
    result = fit(lambda: project.runpytest_subprocess(*options), unfit_line)

    result.assert_outcomes(passed=4)
    assert started(project) == {"control"}


UNUSED = """
    def test_no_api(rds_cluster):
        assert rds_cluster.writer
"""


def test_nobody_starts_what_nobody_needs(project):
    project.makepyfile(UNUSED)
    project.makeconftest(COUNTING)
    project.runpytest_subprocess("-p", "xdist", "-n1").assert_outcomes(passed=1)

    assert started(project) == set()
