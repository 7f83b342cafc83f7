"""`pytest --rds-live ...` as users type it, against the stand-in region."""

import itertools
import json
import shlex
import subprocess
import sys

import pytest
from regions import ACCOUNT
from waiting import until

from pytest_rdsfailover.journal import archive

pytestmark = pytest.mark.local

USAGE_ERROR = 4
TEST = """
    import pytest

    def test_orders(rds_trial, rds_cluster):
        trial = rds_trial(rds_cluster.writer_endpoint, writers=4, rate=80, warmup="300ms")
        assert trial.mode == "live"
        assert trial.lost == []
"""


@pytest.fixture
def run(pytester, stand_in, monkeypatch):
    """Run a project's tests in a process of their own, with all that --rds-live needs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))

    def run(*arguments, test=TEST):
        pytester.makepyfile(test)
        return pytester.runpytest_subprocess(*options_of(stand_in), *arguments)

    return run


def options_of(stand_in):
    return (
        "--rds-live", f"--rds-cluster={stand_in.cluster.aws.cluster}",
        f"--rds-account={ACCOUNT}", "--rds-region=us-east-2",
        f"--rds-schema={stand_in.cluster.writer_endpoint.database}",
        f"--rds-endpoint-url={stand_in.url}", "--rds-tls=off", "--rds-min-interval=0s",
        "--rds-poll=200ms", "--rds-cooldown=100ms",
    )  # fmt: skip


def tables(stand_in):
    with stand_in.cluster.writer_endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES LIKE 'rds\\_writes\\_%'")
        return [name for (name,) in cursor.fetchall()]


def test_a_run_that_ci_cancels_leaves_no_table_in_the_schema(pytester, stand_in, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))
    pytester.makepyfile(TEST)
    command = [sys.executable, "-m", "pytest", *options_of(stand_in), "--rds-cooldown=60s"]
    with subprocess.Popen(
        command, cwd=pytester.path, stdout=subprocess.PIPE, text=True
    ) as cancelled:
        until(lambda: tables(stand_in), within=30)
        cancelled.terminate()
        said, _ = cancelled.communicate(timeout=30)

    assert tables(stand_in) == []
    assert "KeyboardInterrupt: SIGTERM" in said
    assert cancelled.returncode == pytest.ExitCode.INTERRUPTED


MORE = """
    from pytest_rdsfailover.live.api import TouchError

    def test_faults(rds_toxiproxy): raise RuntimeError

    @pytest.mark.rds_instances(9)
    def test_nine(rds_cluster): raise RuntimeError

    def test_api(rds_client, rds_aws):
        assert rds_client.describe_db_clusters()["DBClusters"]
        with pytest.raises(TouchError, match="behind the gates"):
            rds_client.failover_db_cluster(DBClusterIdentifier="rdsfailover")
        assert rds_aws.client("sts").get_caller_identity()["Account"]
"""


def test_a_live_run_says_where_it_is_and_writes_its_result(run, pytester):
    """What needs a local cluster is skipped, and the API may only be looked at."""
    result = run("--rds-json=result.json", "-rs", "--rds-max-failovers=2", test=TEST + MORE)
    result.assert_outcomes(passed=2, skipped=2)
    assert "has 2 instances, not 9" in result.stdout.str()
    text = result.stdout.str()
    document = json.loads((pytester.path / "result.json").read_text())

    assert f"live: failover of rdsfailover, account {ACCOUNT}, us-east-2" in text
    assert "place: account" in text
    assert "clock: AWS is" in text
    assert document["mode"] == "live"
    assert document["trials"][0]["valid"]
    assert document["trials"][0]["profile"] == "aws-failover"
    assert "event_completed" in [each["name"] for each in document["trials"][0]["milestones"]]


def test_the_command_to_run_a_live_trial_again_takes_it_again(run, pytester, stand_in):
    run("--rds-journal=kept").assert_outcomes(passed=1)
    (path,) = (pytester.path / "kept").iterdir()
    words = shlex.split(archive.read(path)[1].rerun)
    before = len(stand_in.cluster.failovers)

    again = pytester.runpytest_subprocess(*words[1:])

    again.assert_outcomes(passed=1)
    assert "--rds-live" in words
    assert len(stand_in.cluster.failovers) == before + 1


def test_a_dry_run_skips_and_shows_the_plan(run, stand_in):
    before = len(stand_in.cluster.failovers)
    result = run("--rds-dry-run", "-rs")

    result.assert_outcomes(skipped=1)
    assert "dry run: failover of rdsfailover" in result.stdout.str()
    assert "writer instance-" in result.stdout.str()
    assert len(stand_in.cluster.failovers) == before


def test_a_closed_gate_is_an_error_that_names_it(run, stand_in):
    stand_in.tag()
    result = run()

    result.assert_outcomes(errors=1)
    assert "must carry the tag rdsfailover:allowed=true" in result.stdout.str()


def test_workers_of_one_run_share_one_budget_and_take_turns(run, stand_in):
    pytest.importorskip("xdist")
    before = len(stand_in.cluster.failovers)
    more = """
    def test_more_orders(rds_trial, rds_cluster):
        test_orders(rds_trial, rds_cluster)

    def test_even_more_orders(rds_trial, rds_cluster):
        test_orders(rds_trial, rds_cluster)
"""
    result = run("-n2", "--rds-max-failovers=2", test=TEST + more)

    result.assert_outcomes(passed=2, errors=1)
    assert "2 of 2 failovers of this session are used" in result.stdout.str()
    assert len(stand_in.cluster.failovers) == before + 2


GROUP = """
    import os, time, pytest
    from pathlib import Path

    LOG = Path(__file__).with_name("spans")

    @pytest.fixture(params=range(4))
    def place(request):
        return CLUSTER

    @pytest.mark.xdist_group("the cluster")
    def test_alone(place):
        begun = time.monotonic()
        time.sleep(0.2)
        with LOG.open("a") as file:
            file.write(f"{os.environ['PYTEST_XDIST_WORKER']} {begun} {time.monotonic()}\\n")
"""


def grouped(run, pytester, dist, *, cluster):
    """Return which workers had four tests of one group, and how many of them overlapped."""
    uses = "request.getfixturevalue('rds_cluster')" if cluster else "None"
    log = pytester.path / "spans"
    log.unlink(missing_ok=True)
    result = run("-n2", f"--dist={dist}", test=GROUP.replace("CLUSTER", uses))
    result.assert_outcomes(passed=4)
    lines = [line.split() for line in log.read_text().splitlines()]
    spans = sorted((float(begun), float(over)) for _, begun, over in lines)
    overlaps = sum(later[0] < sooner[1] for sooner, later in itertools.pairwise(spans))
    return {worker for worker, *_ in lines}, overlaps


@pytest.mark.parametrize("dist", ["load", "loadgroup"])
def test_tests_that_share_the_cluster_never_overlap(run, pytester, dist):
    """A group does not hold tests together with pytest 9.2 and xdist 3.8, and need not."""
    pytest.importorskip("xdist")
    workers, overlaps = grouped(run, pytester, dist, cluster=True)

    assert overlaps == 0
    assert dist == "loadgroup" or workers == {"gw0", "gw1"}


def test_without_the_cluster_they_would(run, pytester):
    """The planted fault: tests that do not share it are seen to overlap."""
    pytest.importorskip("xdist")
    _, overlaps = grouped(run, pytester, "load", cluster=False)

    assert overlaps > 0


def test_a_live_test_is_skipped_without_a_real_cluster(pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.rds_live
        def test_it(rds_cluster): raise RuntimeError
        """
    )
    result = pytester.runpytest_subprocess("-rs")

    result.assert_outcomes(skipped=1)
    assert "needs a real cluster: --rds-live" in result.stdout.str()
