import pytest
from populations import article, document

from pytest_rdsfailover.report.document import run_document
from pytest_rdsfailover.report.scenarios import comparisons, scenarios


def names(*trials):
    return [each.name for each in scenarios(trials)]


def test_trials_of_one_parametrisation_are_repeats():
    direct, proxy = scenarios(article())

    assert (direct.name, len(direct.trials), direct.endpoint) == ("cluster", 15, "writer")
    assert (proxy.name, proxy.places, proxy.population.zero) == ("proxy", tuple(range(15, 30)), 10)


def test_trials_under_different_conditions_are_never_averaged():
    assert names(document(1.0), document(2.0, profile="aurora")) == [
        "cluster quick",
        "cluster aurora",
    ]
    assert names(document(1.0), document(2.0, endpoint="proxy")) == [
        "cluster writer quick",
        "cluster proxy quick",
    ]


def test_tests_that_share_a_parameter_are_told_apart_by_name():
    one, two = document(1.0), document(2.0, test="test_b.py::test_other")

    assert names(one, two) == ["test_it[cluster] writer quick", "test_other[cluster] writer quick"]
    three = document(3.0, test="test_c.py::test_it")
    assert len(set(names(one, two, three))) == 3


def test_a_test_s_first_scenario_is_the_baseline_of_its_others():
    ((baseline, candidate, found),) = comparisons(scenarios(article()))

    assert (baseline.name, candidate.name) == ("cluster", "proxy")
    assert found.difference == pytest.approx(-11.0)
    assert found.p_value < 1e-6


def test_a_single_trial_and_another_test_are_not_compared():
    other = document(2.0, "proxy", test="test_b.py::test_other")

    assert comparisons(scenarios([document(1.0), document(2.0, "proxy")])) == []
    assert comparisons(scenarios([document(1.0), document(1.1), other, other])) == []


def test_the_document_compares_its_scenarios():
    run = run_document(article(), mode="local", seed=7, versions={})
    (found,) = run["comparisons"]

    assert list(found) == [
        "baseline", "candidate", "trials", "ratio", "change", "difference_s", "p_value",
    ]  # fmt: skip
    assert found["trials"] == {"baseline": 15, "candidate": 15}
    assert found["ratio"] == 0.0
    difference = found["difference_s"]
    assert -12 < difference["low"] < difference["median"] == -11 < difference["high"] < -9
    assert (found["baseline"], found["candidate"], found["change"]) == ("cluster", "proxy", -1.0)
    assert found["p_value"] == pytest.approx(1.2893e-08, rel=0.01)
    assert [each["name"] for each in run["scenarios"]] == ["cluster", "proxy"]


def test_no_change_can_be_told_from_no_downtime():
    trials = [document(0.0), document(0.0), document(1.0, "proxy"), document(1.0, "proxy")]

    assert (
        run_document(trials, mode="local", seed=7, versions={})["comparisons"][0]["change"] is None
    )
