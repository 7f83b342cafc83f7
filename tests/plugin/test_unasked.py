"""A test that passes although the application is broken is doubted, or fails if the run is strict."""

import pytest

STUCK = """
import pymysql
import pytest

@pytest.fixture
def careless(rds_cluster):
    endpoint = rds_cluster.writer_endpoint
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS any_keys (k VARCHAR(64))")

    def write(key, connection):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))

    def setup():
        return endpoint.connect(autocommit=True)

    return {"writers": 2, "workload": write, "setup": setup, "bound": "1s"}

@pytest.fixture
def trial(rds_trial, rds_cluster, careless):
    return rds_trial(rds_cluster.writer_endpoint, **careless)

@pytest.fixture
def load(rds_load, rds_cluster, careless):
    with rds_load(rds_cluster.writer_endpoint, **careless) as load:
        yield load

def test_passes(rds_trial, rds_cluster, careless):
    assert rds_trial(rds_cluster.writer_endpoint, **careless).acked

def test_of_a_fixture_s_trial(trial):
    assert trial.acked

def test_inside_of_a_fixture_s_load(load, rds_failover):
    load.warm_up()
    rds_failover()

def test_asks_for_it(trial):
    trial.expect(stuck_writers=">= 1")

def test_expects_the_failure(trial):
    with pytest.raises(AssertionError):
        trial.expect(stuck_writers=0)

def test_asks_for_something_else(trial):
    trial.expect(outages=0)
"""
INI = """
[pytest]
rds_warmup = 300ms
rds_cooldown = 100ms
rds_rate = 100
rds_calm_not_issued = 100%
"""
FOUND = "*2 of 2 writers never came back*"

pytestmark = pytest.mark.local


@pytest.fixture
def run(pytester):
    def run(*arguments):
        pytester.makepyfile(STUCK)
        pytester.makeini(INI)
        return pytester.runpytest_subprocess("-p", "no:randomly", *arguments)

    return run


def test_what_a_passing_test_did_not_ask_about_is_a_warning(run):
    result = run("-k", "test_passes")
    result.assert_outcomes(passed=1, deselected=5, warnings=1)
    result.stdout.fnmatch_lines([f"*UnaskedFindingWarning: {FOUND}expect(stuck_writers=0)*"])


@pytest.mark.long
def test_a_strict_run_fails_for_it_unless_the_test_asks(run):
    result = run("--rds-strict")
    result.assert_outcomes(passed=3, failed=3, errors=1, warnings=0)
    unasked = ("test_passes", "test_of_a_fixture_s_trial", "of test_inside_of_a_fixture_s_load")
    for test in unasked:
        assert any("2 of 2 writers never came back" in line for line in failure(result, test)), test
    # What a test asked for and did not get begins with what is wrong.
    lines = failure(result, "test_asks_for_something_else")
    finding = next(n for n, line in enumerate(lines) if "BROKEN: 2 of 2 writers" in line)
    assert finding < next(n for n, line in enumerate(lines) if "FAIL: outages" in line)
    # Each trial counts as failed whose test has failed, whoever has taken it.
    assert all("failover timeline" in "\n".join(failure(result, test)) for test in unasked)


def failure(result, test):
    """Return the lines of the failure of a test."""
    heads = [n for n, line in enumerate(result.outlines) if line.startswith("____")]
    begin = next(n for n in heads if result.outlines[n].strip("_ ").endswith(test))
    end = next((n for n in heads if n > begin), len(result.outlines))
    return result.outlines[begin:end]
