"""No password in anything that a run leaves behind, with everything switched on that shows more.

`-l` prints local variables, `--log-level=DEBUG` has botocore log whole answers, `-rA` shows both of
tests that pass as well.
"""

import logging

import pytest
from regions import ACCOUNT

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.region import Region

pytestmark = pytest.mark.local

TALKATIVE = ("-l", "-vv", "-rA", "--log-level=DEBUG", "--tb=long")
TESTS = """
    from dataclasses import replace

    import pytest

    def test_a_trial(rds_cluster, rds_trial):
        trial = rds_trial(rds_cluster.writer_endpoint, writers=4, rate=80, warmup="200ms")
        endpoint, password = rds_cluster.writer_endpoint, rds_cluster.writer_endpoint.password
        secret, url = endpoint.secret(), endpoint.url()
        assert not trial.valid

    def test_a_login_that_fails(rds_cluster):
        endpoint = replace(rds_cluster.writer_endpoint, database="nothing_here")
        password = endpoint.password
        endpoint.connect()
"""


@pytest.fixture
def run(pytester, stand_in, monkeypatch):
    """Run tests as talkatively as pytest can; return all that they left, and what it may not hold."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))
    password = str(stand_in.cluster.writer_endpoint.password)

    def run(test, *arguments):
        pytester.makepyfile(test)
        result = pytester.runpytest_subprocess(
            "--rds-live", f"--rds-cluster={stand_in.cluster.aws.cluster}",
            f"--rds-account={ACCOUNT}", "--rds-region=us-east-2",
            f"--rds-schema={stand_in.cluster.writer_endpoint.database}",
            f"--rds-endpoint-url={stand_in.url}", "--rds-tls=off", "--rds-min-interval=0s",
            "--rds-poll=200ms", *TALKATIVE, *arguments,
        )  # fmt: skip
        files = [path for path in pytester.path.rglob("*") if path.is_file()]
        left = [path.read_bytes().decode("utf-8", "replace") for path in files]
        return result, "\n".join([result.stdout.str(), result.stderr.str(), *left]), password

    return run


def test_a_run_that_fails_as_loudly_as_it_can_leaves_no_password_behind(run):
    result, left, password = run(
        TESTS, "--rds-json=r.json", "--rds-report=r.html", "--rds-journal=journals",
        "--rds-markdown=r.md", "--junit-xml=r.xml", "--rds-audit=audit.jsonl",
        "--rds-max-failovers=2",
    )  # fmt: skip

    result.assert_outcomes(failed=2)
    assert "botocore" in left  # it was logged
    assert "password   = '***'" in left  # locals were shown
    assert '"SecretString"' not in left
    assert password not in left


def test_a_setup_that_fails_while_credentials_are_read_shows_none(run, stand_in, monkeypatch):
    """Everything that the environment holds stands in a local variable there, or would."""
    monkeypatch.setenv("RDS_PASSWORD", "fr0m-the-environment")
    broken = stand_in.client("secretsmanager").create_secret(
        Name="broken", SecretString='{"user": "u", "pass": "br0ken-secret"}'
    )["ARN"]
    try:
        result, left, _ = run("def test_it(rds_cluster): pass", f"--rds-secret={broken}")
    finally:
        stand_in.client("secretsmanager").delete_secret(
            SecretId=broken, ForceDeleteWithoutRecovery=True
        )

    result.assert_outcomes(errors=1)
    assert "is no JSON object with `username` and `password`" in left
    assert "br0ken-secret" not in left
    assert "fr0m-the-environment" not in left


def test_these_tests_would_see_a_password(run):
    """A password that is a plain string, as in the user's own code, is in the report."""
    _, left, password = run(
        """
        def test_it(rds_cluster):
            plain = "".join(list(rds_cluster.writer_endpoint.password))
            raise AssertionError
        """
    )

    assert password in left


def test_botocore_logs_nothing_of_the_answer_with_the_secret(stand_in, caplog):
    region = Region("us-east-2", stand_in.url)
    password = str(stand_in.cluster.writer_endpoint.password)
    arn = stand_in.described["MasterUserSecret"]["SecretArn"]
    with caplog.at_level(logging.DEBUG):
        assert password in region.secret(arn)
        assert password not in caplog.text
        region.client("secretsmanager").get_secret_value(SecretId=arn)
    assert password in caplog.text  # so it is we who keep it out


def test_a_secret_that_is_no_text_is_told_as_one(stand_in):
    client = stand_in.client("secretsmanager")
    arn = client.create_secret(Name="binary", SecretBinary=b"b1nary-secret")["ARN"]
    try:
        with pytest.raises(AwsError, match="is a binary secret, not a text"):
            Region("us-east-2", stand_in.url).secret(arn)
    finally:
        client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
