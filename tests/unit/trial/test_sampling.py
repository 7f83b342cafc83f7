"""Which trials sample the same failover."""

from pytest_rdsfailover.trial.sampling import Sampling

WRITER, PROXY, SLOW = ("cluster", "quick"), ("proxy", "quick"), ("cluster", "aurora")


def seeds(sampling, place=WRITER, count=3):
    return [sampling.next(place) for _ in range(count)]


def test_each_trial_of_a_scenario_has_a_failover_of_its_own():
    assert len(set(seeds(Sampling(7, "test_a.py::test_b"), count=20))) == 20


def test_parameters_of_a_test_are_no_part_of_its_seeds():
    assert seeds(Sampling(7, "test_a.py::test_b[one]")) == seeds(
        Sampling(7, "test_a.py::test_b[two]")
    )


def test_a_folder_with_brackets_is_no_parameter():
    one, other, same = (Sampling(7, f"tests/[new]/{name}") for name in (
        "test_a.py::test_b", "test_a.py::test_c", "test_a.py::test_b[1]",
    ))  # fmt: skip
    assert seeds(one) == seeds(same) != seeds(other)


def test_another_test_and_another_run_have_other_failovers():
    found = seeds(Sampling(7, "test_a.py::test_b"))
    assert seeds(Sampling(8, "test_a.py::test_b")) != found
    assert seeds(Sampling(7, "test_a.py::test_c")) != found


def test_scenarios_inside_one_test_meet_the_same_failovers():
    sampling = Sampling(7, "t")
    assert seeds(sampling, WRITER) == seeds(sampling, PROXY) == seeds(sampling, SLOW)


def test_a_population_begins_with_the_first_failover():
    sampling = Sampling(7, "t")
    first = seeds(sampling)
    sampling.begin(WRITER)
    assert seeds(sampling) == first
    assert sampling.count == 6


def test_a_trial_that_is_left_out_has_its_seed_all_the_same():
    sampling = Sampling(7, "t")
    sampling.skip(WRITER)
    assert seeds(sampling)[:2] == seeds(Sampling(7, "t"))[1:]
