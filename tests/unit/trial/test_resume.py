import os
import time

from pytest_rdsfailover.trial import resume
from pytest_rdsfailover.trial.resume import Store, latest_seed, prune

KEY = {"test": "test_a.py::test_b", "seed": 7, "profile": "quick"}


def test_what_was_kept_is_there_again(tmp_path):
    store = Store(tmp_path, KEY)
    store.begin([])
    store.append({"n": 1})
    store.append({"n": 2})

    assert Store(tmp_path, KEY).load() == [{"n": 1}, {"n": 2}]


def test_trials_of_another_key_are_not_these(tmp_path):
    Store(tmp_path, KEY).begin([{"n": 1}])

    assert Store(tmp_path, KEY | {"seed": 8}).load() == []
    assert Store(tmp_path, KEY | {"profile": "aurora"}).load() == []


def test_half_a_line_of_a_killed_process_is_no_trial(tmp_path):
    store = Store(tmp_path, KEY)
    store.begin([{"n": 1}])
    with store.path.open("a") as file:
        file.write('{"n": 2, "downti')

    assert store.load() == [{"n": 1}]


def test_a_new_beginning_keeps_what_it_is_told_to(tmp_path):
    store = Store(tmp_path, KEY)
    store.begin([{"n": 1}, {"n": 2}])
    store.begin([{"n": 1}])

    assert store.load() == [{"n": 1}]


def test_a_population_that_is_complete_leaves_nothing(tmp_path):
    store = Store(tmp_path, KEY)
    store.begin([])
    store.discard()
    store.discard()

    assert list(tmp_path.iterdir()) == []


def test_the_seed_is_that_of_the_latest_interruption(tmp_path):
    assert latest_seed(tmp_path) is None
    assert latest_seed(None) is None
    older, newer = Store(tmp_path, KEY), Store(tmp_path, KEY | {"seed": 8})
    older.begin([])
    newer.begin([])
    os.utime(older.path, (time.time() - 60, time.time() - 60))

    assert latest_seed(tmp_path) == 8


def test_what_nobody_will_resume_is_removed(tmp_path):
    old, new = Store(tmp_path, KEY), Store(tmp_path, KEY | {"seed": 8})
    old.begin([])
    new.begin([])
    long_ago = time.time() - resume.KEPT - 60
    os.utime(old.path, (long_ago, long_ago))
    prune(tmp_path)

    assert list(tmp_path.iterdir()) == [new.path]
