"""Threads that share one interpreter lock stay on one CPU; everybody else keeps all of them."""

import os
import threading

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.one_cpu import stay_on_one_cpu
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.model.endpoints import Endpoint

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="no system call for it on this system"
)


def in_threads(action, count):
    found = []
    threads = [
        threading.Thread(target=lambda: (action(), found.append(os.sched_getaffinity(0))))
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found


def test_all_threads_stay_on_the_same_one_of_the_process_s_cpus():
    before = os.sched_getaffinity(0)

    found = in_threads(stay_on_one_cpu, 3)

    assert len(found) == 3
    assert set(map(len, found)) == {1}
    assert len(set.union(*found)) == 1
    assert found[0] <= before
    assert os.sched_getaffinity(0) == before


def test_without_an_interpreter_lock_all_cpus_are_used(monkeypatch):
    monkeypatch.setattr("sys._is_gil_enabled", lambda: False, raising=False)

    assert in_threads(stay_on_one_cpu, 1) == [os.sched_getaffinity(0)]


OWN = InsertWorkload(
    Endpoint(name="c", kind="writer", host="h", port=1, user="u", password="p", database="d"), "r"
)
THEIRS = CallWorkload(Journal("r", 2), lambda _key: None)


@pytest.mark.parametrize(
    ("workload", "rate", "think", "stays"),
    [
        (OWN, 0.0, 0.0, True),
        (OWN, 100.0, 0.0, False),
        (OWN, 0.0, 0.1, False),
        (THEIRS, 0.0, 0.0, False),
    ],
)
def test_only_our_own_insert_in_a_closed_loop_stays_on_one_cpu(workload, rate, think, stays):
    load = ThreadLoad(workload, Journal("r", 2), rate=rate, think=think)

    assert [writer.begins for writer in load._writers] == [stay_on_one_cpu if stays else None] * 2
