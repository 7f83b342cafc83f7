import os
import time
from pathlib import Path

import pytest

from pytest_rdsfailover.model.owned import is_owned
from pytest_rdsfailover.trial import resume
from pytest_rdsfailover.trial.key import ProjectCode, TrialKey
from pytest_rdsfailover.trial.resume import (
    PopulationName,
    Store,
    begin_run,
    forget,
    interrupted,
    latest_seed,
    left,
    prune,
    recall,
    seeds,
)

ONE, OTHER = PopulationName("test_a.py::test_b", 1), PopulationName("test_a.py::test_b", 2)
KEY = {"seed": 7, "profile": "quick"}


def of(parts):
    return TrialKey(parts, ProjectCode(Path("/gone")))


def trial(number, sample="s"):
    return {"number": number, "sample": sample, "entry": {"n": number}, "verdict": ""}


class Run:
    """A run that keeps trials; `end` is what happens to it, however it ends."""

    def __init__(self, directory, seed=7):
        self.file = begin_run(directory, seed)
        self.store = Store(self.file.path)
        self.end = self.file.release

    def keep(self, population, *numbers, key=KEY):
        self.store.begin(population, of(key).plain())
        for number in numbers:
            self.store.append(population, trial(number))
        return self


def asked(directory, population=ONE, key=KEY):
    return recall(directory, population, of(key))


def recalled(*arguments, **options):
    return dict(asked(*arguments, **options).trials)


def test_what_was_kept_is_there_again(tmp_path):
    Run(tmp_path).keep(ONE, 1, 2).keep(OTHER, 1).end()

    assert recalled(tmp_path) == {1: trial(1), 2: trial(2)}
    assert recalled(tmp_path, OTHER) == {1: trial(1)}
    assert recalled(tmp_path, PopulationName("test_c.py::test_d", 1)) == {}


def test_the_file_of_a_run_that_lives_is_its_own(tmp_path):
    run = Run(tmp_path).keep(ONE, 1)

    assert is_owned(run.file.path)
    assert recalled(tmp_path) == {}
    assert latest_seed(tmp_path) is None
    forget(tmp_path, 7, [ONE])
    run.end()
    assert recalled(tmp_path) == {1: trial(1)}


def test_a_trial_that_two_interrupted_runs_have_counts_once_and_the_later_one(tmp_path):
    earlier, later = Run(tmp_path).keep(ONE, 1, 2, 3), Run(tmp_path).keep(ONE)
    later.store.append(ONE, trial(2, "later"))
    for run, age in ((earlier, 60), (later, 30)):
        run.end()
        then = time.time() - age
        os.utime(run.file.path, (then, then))

    assert recalled(tmp_path) == {1: trial(1), 2: trial(2, "later"), 3: trial(3)}


def test_a_population_that_is_begun_again_is_another(tmp_path):
    """As a test that a plugin runs again after it has failed."""
    Run(tmp_path).keep(ONE, 1, 2).keep(ONE, 1).end()

    assert recalled(tmp_path) == {1: trial(1)}


def test_trials_of_another_key_are_not_these_and_it_is_said_why(tmp_path):
    Run(tmp_path).keep(ONE, 1, 2).end()

    assert recalled(tmp_path, key=KEY | {"seed": 8}) == {}
    changed = asked(tmp_path, key=KEY | {"profile": "aurora"}).changed
    assert changed == '2 kept trials do not count: profile was "quick" and is "aurora"'
    assert "new was null and is 3" in asked(tmp_path, key=KEY | {"new": 3}).changed
    assert asked(tmp_path, key=KEY | {"seed": 7}).changed == ""


def test_tuples_and_lists_are_one_in_a_key(tmp_path):
    Run(tmp_path).keep(ONE, 1, key={"names": ("a", "b")}).end()

    assert recalled(tmp_path, key={"names": ("a", "b")}) == {1: trial(1)}


@pytest.mark.parametrize("half", ['{"population": ["test', "\udcff\n", "\n\n", "12\n", "[]\n"])
def test_half_a_line_of_a_killed_process_spoils_no_other(tmp_path, half):
    run = Run(tmp_path).keep(ONE, 1)
    with run.file.path.open("ab") as file:
        file.write(half.encode(errors="surrogateescape"))
    run.store.append(ONE, trial(2))
    run.end()

    assert recalled(tmp_path) == {1: trial(1), 2: trial(2)}


def test_what_is_reported_is_forgotten_and_nothing_else(tmp_path):
    run = Run(tmp_path).keep(ONE, 1).keep(OTHER, 1)
    run.end()

    forget(tmp_path, 8, [ONE, OTHER])
    assert recalled(tmp_path) == {1: trial(1)}
    forget(tmp_path, 7, [ONE])
    assert recalled(tmp_path) == {}
    assert recalled(tmp_path, OTHER) == {1: trial(1)}
    forget(tmp_path, 7, [OTHER])
    assert list(tmp_path.iterdir()) == []


def test_what_is_forgotten_may_be_the_last_of_a_file(tmp_path):
    Run(tmp_path).keep(ONE, 1).keep(OTHER, 1).end()

    forget(tmp_path, 7, [OTHER])
    assert (recalled(tmp_path), recalled(tmp_path, OTHER)) == ({1: trial(1)}, {})


def test_a_later_run_without_a_population_hides_none_of_an_earlier_one(tmp_path):
    for age, population in ((60, ONE), (30, OTHER)):
        run = Run(tmp_path).keep(population, 1)
        run.end()
        os.utime(run.file.path, (time.time() - age,) * 2)

    assert recalled(tmp_path) == recalled(tmp_path, OTHER) == {1: trial(1)}


def test_what_no_later_run_has_asked_for_is_told_by_its_name(tmp_path):
    """A test that has another name by now would leave its trials behind without a word."""
    Run(tmp_path).keep(ONE, 1, 2).keep(OTHER).end()
    Run(tmp_path, seed=8).keep(OTHER, 1).end()

    assert left(tmp_path, 7, ()) == {ONE: 2}
    assert left(tmp_path, 7, [ONE]) == {}
    assert left(tmp_path, 8, [ONE]) == {OTHER: 1}
    assert sorted(seeds(tmp_path)) == [7, 8]


def test_the_seed_is_that_of_the_latest_interruption(tmp_path):
    assert latest_seed(tmp_path) is None
    assert latest_seed(None) is None
    older, newer = Run(tmp_path).keep(ONE), Run(tmp_path, seed=8).keep(ONE)
    Run(tmp_path, seed=9).end()  # of no population: there is nothing to take up
    older.end(), newer.end()
    os.utime(older.file.path, (time.time() - 60, time.time() - 60))

    assert latest_seed(tmp_path) == 8


def test_what_nobody_will_resume_is_removed(tmp_path):
    old, new, running = (Run(tmp_path).keep(ONE) for _ in range(3))
    old.end(), new.end()
    Run(tmp_path).end()  # of no population
    long_ago = time.time() - resume.KEPT - 60
    for run in (old, running):
        os.utime(run.file.path, (long_ago, long_ago))
    prune(tmp_path)

    assert {*tmp_path.iterdir()} == {new.file.path, running.file.path}


def test_an_orphan_makes_no_file_anew_that_was_forgotten(tmp_path):
    run = Run(tmp_path).keep(ONE, 1)
    run.end()
    forget(tmp_path, 7, [ONE])
    run.store.append(ONE, trial(2))

    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_version_is_left_alone(tmp_path):
    (tmp_path / "a.trials.jsonl").write_text('{"key": {"seed": 3}}\n{"sample": 1}\n')
    (tmp_path / "b.trials.jsonl").write_text("")

    assert interrupted(tmp_path) == []
