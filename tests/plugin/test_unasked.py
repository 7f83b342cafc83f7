"""A test that passes although the application is broken is doubted, or fails if the run is strict."""

import pytest

STUCK = """
import pymysql
import pytest

@pytest.fixture
def options(rds_cluster):
    endpoint = rds_cluster.writer_endpoint

    def write(key, connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", (key,))

    return {"workload": write, "setup": lambda: endpoint.connect(autocommit=True), "bound": "2s"}

def test_orders(rds_trial, rds_cluster, options):
    trial = rds_trial(rds_cluster.writer_endpoint, writers=2, **options)
    BODY
"""
WARNED = "*UnaskedFindingWarning: 2 of 2 writers never came back*expect(stuck_writers=0)*"

pytestmark = pytest.mark.local


@pytest.fixture
def run(pytester):
    def run(body, *arguments):
        pytester.makepyfile(STUCK.replace("BODY", body))
        return pytester.runpytest_subprocess("-p", "no:randomly", *arguments)

    return run


def test_what_a_passing_test_did_not_ask_about_is_a_warning(run):
    result = run("assert trial.acked")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines([WARNED])


def test_and_a_failure_of_a_strict_run(run):
    result = run("assert trial.acked", "--rds-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*2 of 2 writers never came back*"])


@pytest.mark.parametrize(
    "body",
    ['trial.expect(stuck_writers=">= 1")', "with pytest.raises(AssertionError): trial.expect(stuck_writers=0)"],
)  # fmt: skip
def test_what_a_test_asks_about_is_its_own_affair(run, body):
    result = run(body, "--rds-strict")
    result.assert_outcomes(passed=1, warnings=0)


def test_a_failure_begins_with_what_is_wrong(run):
    result = run("trial.expect(outages=0)")
    result.assert_outcomes(failed=1)
    lines = result.stdout.str().splitlines()
    finding = next(n for n, line in enumerate(lines) if "BROKEN: 2 of 2 writers" in line)
    bound = next(n for n, line in enumerate(lines) if "FAIL: outages" in line)
    assert finding < bound
