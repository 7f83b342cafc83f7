"""What a project arranges in its conftest.py: wider scopes, options and bounds of all its tests."""

from finished import ALWAYS_FIT
from fitness import fit, unfit_line

CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def numbered(rds_session_cluster):
    with rds_session_cluster.writer_endpoint.connect(autocommit=True) as connection:
        connection.cursor().execute("CREATE TABLE numbered (n INT PRIMARY KEY)")
    return rds_session_cluster.writer_endpoint

@pytest.fixture(scope="module")
def added(numbered):
    with numbered.connect(autocommit=True) as connection:
        connection.cursor().execute("INSERT INTO numbered VALUES (7)")

@pytest.fixture(scope="session")
def rds_options():
    return {"rate": 150, "writers": 3, "profile": "own.toml"}

@pytest.fixture
def rds_expectations():
    return {"downtime": "< 20s", "stuck_writers": 0}
"""
WIDER = """
import pytest

@pytest.fixture(scope="class")
def count(added, rds_session_cluster):
    with rds_session_cluster.reader_endpoint.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT COUNT(*) FROM numbered")
        return cursor.fetchone()[0]

class TestWider:

    def test_a_class_sees_what_the_session_made(self, count):
        assert count == 1

    def test_it_is_the_cluster_of_the_tests(self, count, rds_cluster, numbered):
        assert numbered == rds_cluster.writer_endpoint
"""
DEFAULTS = """
import pytest

def test_options(rds_trial, rds_cluster):
    trial = rds_trial(rds_cluster.writer_endpoint)
    assert (trial.rate, trial.writers, trial.profile) == (150, 3, "own")

@pytest.mark.rds_profile("quick")
@pytest.mark.rds_expect(stuck_writers="<= 3", lost=0)
def test_nearer(rds_trial, rds_cluster, rds_experiments):
    trial = rds_trial(rds_cluster.writer_endpoint, writers=2)
    assert (trial.rate, trial.writers, trial.profile) == (150, 2, "quick")
    assert rds_experiments._expectations == {
        "downtime": "< 20s", "stuck_writers": "<= 3", "lost": 0
    }

class TestBroken:
    @pytest.fixture
    def rds_expectations(self, rds_expectations):
        return {**rds_expectations, "refused": "> 100000"}

    def test_a_bound_of_the_project_breaks(self, rds_trial, rds_cluster):
        rds_trial(rds_cluster.writer_endpoint)

class TestNoProfile:
    @pytest.fixture
    def rds_options(self):
        return {"profile": "auorra"}

    def test_a_profile(self, rds_trial): raise RuntimeError("this ran")

class TestWrong:
    @pytest.fixture
    def rds_expectations(self):
        return {"stuck": 0}

    def test_a_bound(self, rds_trial): raise RuntimeError("this ran")

class TestWrongOption:
    @pytest.fixture
    def rds_options(self):
        return {"wirters": 3}

    def test_an_option(self, rds_load): raise RuntimeError("this ran")

class TestWrongStep:
    @pytest.fixture
    def rds_options(self):
        return {"workload": {"writ": 3}}

    def test_a_step(self, rds_trial): raise RuntimeError("this ran")
"""
SEVERAL = """
import pytest
from pytest_rdsfailover import SettingError

@pytest.fixture
def rds_options():
    return {}

@pytest.fixture
def rds_expectations():
    return {}

def test_one_fails_over_and_the_other_goes_on(rds_clusters, rds_trial, rds_trials, rds_load, rds_failover, rds_cluster):
    before = len(rds_cluster.failovers)
    orders, stock = rds_clusters(3), rds_clusters()
    assert len({c.writer_endpoint.port for c in (orders, stock, rds_cluster)} |
               {c.writer_endpoint.host for c in (orders, stock, rds_cluster)}) > 1
    assert (len(orders.instances), len(stock.instances)) == (3, 2)
    with rds_load.on(stock)(stock.writer_endpoint) as load:
        trial = rds_trial.on(orders)(orders.writer_endpoint, target="instance-3")
    assert trial.writer_after == orders.writer == "instance-3"
    assert load.trial.profile == ""
    assert (len(stock.failovers), len(rds_cluster.failovers)) == (0, before)
    assert load.trial.milestones == []
    rds_failover.on(stock)()
    assert (len(stock.failovers), len(orders.failovers)) == (1, 1)
    assert len(rds_trials.on(stock)(stock.writer_endpoint, trials=1)) == 1

def test_they_are_used_again_and_at_rest(rds_clusters):
    assert rds_clusters(3).writer == "instance-3"
    with pytest.raises(SettingError, match="2 to 16 instances"):
        rds_clusters(1)
"""


def test_what_a_project_arranges_holds_for_its_tests(project):
    project.makefile(
        ".toml", own='about = "ours"\nrefused = "100ms"\npromotion = "100ms"\ndns = "150ms"'
    )
    project.makeconftest(ALWAYS_FIT + CONFTEST)
    project.makepyfile(test_wider=WIDER, test_defaults=DEFAULTS, test_several=SEVERAL)
    result = fit(project.runpytest_inprocess, unfit_line)

    result.assert_outcomes(passed=6, failed=1, errors=4)
    result.stdout.fnmatch_lines_random(
        [
            "*refused > 100000*",
            "*UsageError: rds_options: *did you mean 'aurora'*",
            "*UsageError: rds_expectations: nothing is called 'stuck'; did you mean 'stuck_writers'*",
            "*UsageError: rds_options: no option 'wirters'; did you mean 'writers'*",
            "*UsageError: rds_options: no step of ours is called 'writ'; did you mean 'write'*",
        ]
    )
