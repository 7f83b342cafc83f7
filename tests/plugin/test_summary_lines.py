"""What the summary of a run says beside figures; without a server."""

from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.environment import environment_lines

DEAD = """
import pytest
from pytest_rdsfailover import DiedError, SettingError

@pytest.fixture
def rds_backend(): return None

@pytest.fixture
def rds_cluster(request):
    raise (DiedError if "dead" in request.node.name else SettingError)("mysqld", "killed by -9", "log")

def test_dead(rds_trial): pass
def test_own_mistake(rds_trial): pass
"""


def test_a_trial_that_ended_with_an_error_of_ours_has_a_row(project):
    project.makepyfile(test_it=DEAD)
    result = project.runpytest_inprocess()

    result.assert_outcomes(errors=2)
    shown = result.stdout.str().partition("database failover")[2]
    assert "test_it.py::test_dead no trial: DiedError: mysqld died (killed by -9)" in shown
    assert "test_own_mistake no trial" not in shown


def test_the_profiles_that_ran_are_named_and_not_only_that_of_the_run():
    run = Settings(profile="aurora", seed=7)

    assert environment_lines({}, run) == ["profile: aurora, seed: 7"]
    assert environment_lines({}, run, ran=["quick", "crash", "quick"]) == [
        "profiles: crash, quick, seed: 7"
    ]
    assert environment_lines({}, run, ran=["", "quick"]) == ["profile: quick, seed: 7"]
