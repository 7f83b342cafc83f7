"""Every hook of a project's conftest.py does what its page says; no server is needed to see it."""

CONFTEST = """
import pytest
from pytest_rdsfailover.model.records import Fault, Outcome

called = []

def pytest_rdsfailover_before_trial(endpoint):
    called.append(("before", endpoint))

def pytest_rdsfailover_after_trial(trial, endpoint):
    called.append(("after", endpoint))
    assert trial != "a bad trial", "a bad trial was looked at"

def pytest_rdsfailover_trigger(item, instance, seed):
    return ("own", instance, seed) if item.get_closest_marker("own") else None

def pytest_rdsfailover_classify_error(error):
    return (Outcome.REFUSED, Fault(0, "out-of-stock")) if isinstance(error, KeyError) else None

def pytest_rdsfailover_safety_check(profile):
    return f"{profile} is forbidden here" if profile == "crash" else None
"""
TESTS = """
import pymysql, pytest
from conftest import called
from pytest_rdsfailover.trial.extensions import UnsafeError
from pytest_rdsfailover.plugin.hook_calls import ItemExtensions
from pytest_rdsfailover.model.records import Outcome

@pytest.fixture
def extensions(request):
    called.clear()
    return ItemExtensions(request.node)

def test_before_and_after(extensions):
    extensions.before_trial("cluster", "endpoint")
    extensions.after_trial("cluster", "endpoint", "a trial")
    assert called == [("before", "endpoint"), ("after", "endpoint")]

def test_what_after_raises_fails_the_test(extensions):
    with pytest.raises(AssertionError, match="a bad trial was looked at"):
        extensions.after_trial("cluster", "endpoint", "a bad trial")

@pytest.mark.own
def test_an_own_trigger(extensions):
    assert extensions.trigger("cluster", "instance-2", None, 7) == ("own", "instance-2", 7)

def test_a_trigger_left_to_the_cluster(extensions):
    assert extensions.trigger("cluster", "instance-2", None, 7) is None

def test_own_errors_are_classified_and_all_others_as_usual(extensions):
    usual = pymysql.err.OperationalError(1836, "read only")

    assert extensions.classify(KeyError("x"), True)[1].kind == "out-of-stock"
    assert extensions.classify(usual, True)[0] is Outcome.REFUSED
    assert extensions.classify(usual, True)[1].kind == "read-only"

def test_one_refusal_is_enough_and_is_told(extensions):
    extensions.check_safety("cluster", None, "quick")
    with pytest.raises(UnsafeError, match="not triggered: crash is forbidden here"):
        extensions.check_safety("cluster", None, "crash")
"""


def test_the_hooks_around_a_trial(project):
    project.makeini("[pytest]\nmarkers =\n    own: triggers in a way of its own")
    project.makeconftest(CONFTEST)
    project.makepyfile(test_it=TESTS)

    project.runpytest_inprocess().assert_outcomes(passed=6)


def test_without_a_hook_errors_are_classified_without_asking_anybody(project):
    project.makepyfile(
        """
        from pytest_rdsfailover.plugin.hook_calls import ItemExtensions

        def test_it(request):
            assert ItemExtensions(request.node).classify is None
        """
    )

    project.runpytest_inprocess().assert_outcomes(passed=1)
