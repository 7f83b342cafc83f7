import pytest
from populations import article, document

from pytest_rdsfailover.report.document import run_document
from pytest_rdsfailover.report.scenarios import compared, comparisons, scenarios


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


def test_a_number_names_no_scenario():
    assert names(document(1.0, "1"), document(2.0, "2-0.5"), document(3.0, "eu-1")) == [
        "test_it[1]",
        "test_it[2-0.5]",
        "eu-1",
    ]


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
        "baseline", "candidate", "trials", "ratio", "change", "difference_s", "p_value", "pairs",
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


def sampled(downtimes, scenario="cluster", *, seeds=None, **changes):
    seeds = range(len(downtimes)) if seeds is None else seeds
    return [
        document(each, scenario, failover_seed=seed, **changes)
        for each, seed in zip(downtimes, seeds, strict=True)
    ]


def test_trials_of_one_failover_are_compared_as_pairs():
    trials = sampled([1.0, 5.0, 9.0]) + sampled([1.5, 5.5, 9.5], "other")
    ((_, _, found),) = comparisons(scenarios(trials))

    assert (found.pairs, found.dropped) == (3, 0)
    assert found.low == found.high == pytest.approx(0.5)


def test_a_partner_that_proves_nothing_drops_its_pair_and_is_counted():
    first = sampled([1.0, 5.0, 9.0, 2.0])
    first[1]["valid"] = False
    first[2]["clock"] = {"reliable": False, "problem": "busy"}
    one, two = scenarios(first + sampled([1.5, 5.5, 9.5, 2.5], "other"))
    found = compared(one, two)

    assert (found.pairs, found.dropped) == (2, 4)


@pytest.mark.parametrize(
    "other",
    [
        sampled([1.5, 5.5], "other", profile="aurora"),
        sampled([1.5, 5.5], "other", seeds=[7, 8]),
        [document(1.5, "other"), document(5.5, "other")],
    ],
)
def test_trials_of_other_failovers_are_no_pairs(other):
    one, two = scenarios(sampled([1.0, 5.0]) + other)
    assert compared(one, two).pairs == 0


def test_a_seed_that_comes_twice_pairs_the_first_with_the_first():
    trials = sampled([1.0, 2.0], seeds=[3, 3]) + sampled([1.1, 2.1], "other", seeds=[3, 3])
    found = compared(*scenarios(trials))

    assert (found.pairs, found.low) == (2, pytest.approx(0.1))


def test_the_document_of_a_scenario_has_what_its_trials_say_together():
    trials = [document(1.0), document(1.2345678), document(0.0), document(9.0, valid=False)]
    unfit = document(2.0, clock={"reliable": False, "problem": "busy"})
    (found,) = run_document([*trials, unfit], mode="local", seed=7, versions={})["scenarios"]

    assert found == {
        "name": "cluster", "trials": 3, "invalid": 1, "unreliable": 1,
        "downtime_s": {"median": 1.0, "low": None, "high": None, "p95": 1.234568, "max": 1.234568},
        "zero_downtime": {"count": 1, "share": 0.3333, "low": 0.0615, "high": 0.7923},
    }  # fmt: skip
    (none,) = run_document(trials[3:], mode="local", seed=7, versions={})["scenarios"]
    assert (none["downtime_s"]["median"], none["zero_downtime"]["share"]) == (None, None)


def test_the_document_of_a_comparison_is_rounded_to_what_is_known():
    trials = [
        *map(document, (1.0, 1.2, 0.7)),
        *(document(each, "other") for each in (3.0, 3.5, 3.7)),
    ]
    (found,) = run_document(trials, mode="local", seed=7, versions={})["comparisons"]

    assert (found["ratio"], found["change"], found["p_value"]) == (3.5, 2.5, 0.1)
    assert found["difference_s"] == {"median": 2.5, "low": 1.8, "high": 3.0}
    assert found["pairs"] == {"count": 0, "dropped": 0}
    third = [document(3.0)] * 2 + [document(1.0, "other")] * 2
    (found,) = run_document(third, mode="local", seed=7, versions={})["comparisons"]
    assert (found["ratio"], found["change"]) == (0.3333, -0.6667)


def test_a_key_is_written_with_parameters_unless_the_test_has_none():
    with_them, without = scenarios([document(1.0), document(1.0, "test_it")])

    assert str(with_them.key) == "test_article.py::test_it[cluster] writer quick"
    assert str(without.key) == "test_article.py::test_it writer quick"


def test_three_tests_of_two_files_are_told_apart_by_what_they_differ_in():
    found = names(document(1.0), document(2.0, test="tests/test_b.py::test_it"), document(3.0, "x"))

    assert found == [
        "test_article.py::test_it[cluster] writer quick",
        "tests/test_b.py::test_it[cluster] writer quick",
        "x",
    ]
