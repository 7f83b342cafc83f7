from populations import document

from pytest_rdsfailover.report.matching import matched
from pytest_rdsfailover.report.scenarios import scenarios


def of(*trials):
    return scenarios(trials)


def names(found):
    return [str(scenario.key) for scenario in found]


def test_the_same_scenario_is_found_whatever_it_is_called():
    one, other = document(1.0), document(1.0, test="test_b.py::test_it")
    found = matched(of(one), of(other, one))

    (match,) = found.pairs
    assert match.before.name != match.after.name
    assert match.before.key == match.after.key
    assert names(found.added) == ["test_b.py::test_it[cluster] writer quick"]
    assert found.likely == found.missing == ()


def test_of_several_the_most_alike_are_partners():
    before = of(document(1.0, "slow"), document(1.0, "fast"))
    found = matched(before, of(document(1.0, "faster"), document(1.0, "slower")))

    pairs = {(match.before.key.scenario, match.after.key.scenario) for match in found.likely}
    assert pairs == {("slow", "slower"), ("fast", "faster")}
    assert all(match.is_renamed for match in found.likely)


def test_another_profile_is_the_same_scenario_under_other_conditions():
    (match,) = matched(of(document(1.0)), of(document(1.0, profile="aurora"))).likely

    assert not match.is_renamed


def test_what_has_little_in_common_is_no_partner():
    found = matched(of(document(1.0)), of(document(1.0, "x", test="b.py::test_y")))

    assert found.likely == ()
    assert (len(found.added), len(found.missing)) == (1, 1)


def test_a_test_without_parameters_is_named_once():
    assert names(of(document(1.0, test="a.py::test_b") | {"scenario": "test_b"})) == [
        "a.py::test_b writer quick"
    ]
