"""Writers of a closed loop leave the CPUs to the server, and do not crowd one that is busy."""

import os
import threading

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.closed_loop import (
    SendWindow,
    crowded,
    least_window,
    run_in_batches,
    stay_on_one_cpu,
)
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.model.endpoints import Endpoint

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="no system call for it on this system"
)


def in_threads(action, count, look=os.sched_getaffinity):
    found = []
    threads = [
        threading.Thread(target=lambda: (action(), found.append(look(0)))) for _ in range(count)
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
    ("workload", "rate", "think", "shares"),
    [
        (OWN, 0.0, 0.0, True),
        (OWN, 100.0, 0.0, False),
        (OWN, 0.0, 0.1, False),
        (THEIRS, 0.0, 0.0, False),
    ],
)
def test_only_our_own_insert_in_a_closed_loop_gives_way(workload, rate, think, shares):
    load = ThreadLoad(workload, Journal("r", 2), rate=rate, think=think)

    begins = {writer.begins for writer in load._writers}

    assert (begins != {None}) is shares
    if shares:
        assert in_threads(begins.pop(), 1, seen) == [(os.SCHED_BATCH, 1)]


def seen(thread):
    return os.sched_getscheduler(thread), len(os.sched_getaffinity(thread))


def test_only_the_calling_thread_runs_in_batches():
    assert in_threads(run_in_batches, 1, os.sched_getscheduler) == [os.SCHED_BATCH]
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.parametrize(
    ("cpus", "processes", "writes"), [(2, 1, 32), (2, 4, 8), (2, 64, 1), (None, 1, 16)]
)
def test_a_window_is_shared_by_processes(monkeypatch, cpus, processes, writes):
    monkeypatch.setattr(os, "cpu_count", lambda: cpus)

    assert least_window(processes) == writes


def test_who_was_answered_first_writes_first_and_no_more_than_fit():
    window = SendWindow(2)
    for writer in "abc":
        window.sent()
        window.keep(writer)

    assert list(window.take()) == []
    window.ended()
    assert list(window.take()) == []
    window.ended()
    assert list(window.take()) == ["a"]
    window.ended()
    window.ended()
    assert list(window.take()) == ["b", "c"]
    assert list(window.take()) == []


def test_nobody_need_answer_unless_writers_are_kept_waiting():
    window = SendWindow(1)

    assert window.patience is None
    window.keep("a")
    assert 0 < window.patience < 0.01
    assert list(window.take()) == ["a"]
    assert window.patience is None


def test_a_silent_server_gets_all():
    window = crowd(SendWindow(2), 6)
    first = list(window.take())
    window.widen()

    assert (first, list(window.take())) == ([0, 1], [2, 3, 4, 5])
    assert window.size == 6


def test_more_may_write_while_a_cpu_is_free_but_no_more_than_there_are():
    window = crowd(SendWindow(2), 7)
    written = [list(window.take())]
    for _ in range(2):
        window.adapt(crowded=False)
        written.append(list(window.take()))
    window.adapt(crowded=False)

    assert written == [[0, 1], [2, 3], [4, 5, 6]]
    assert window.size == 7


def test_a_window_comes_back_to_its_least_size_where_all_cpus_are_taken():
    window = crowd(SendWindow(1), 64)
    window.widen()
    sizes = []
    for _ in range(14):
        window.adapt(crowded=True)
        sizes.append(window.size)

    assert sizes == [48, 36, 27, 20, 15, 11, 8, 6, 4, 3, 2, 1, 1, 1]


def test_few_writers_leave_a_window_at_its_least_size():
    window = crowd(SendWindow(8), 3)
    for _ in range(2):
        window.adapt(crowded=False)
        window.widen()

    assert window.size == 8


def crowd(window, writers):
    for writer in range(writers):
        window.keep(writer)
    return window


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("9.50 8.00 7.00 3/321 4711\n", True),
        ("9.50 8.00 7.00 2/321 4711\n", False),  # each has a CPU
        ("9.50 8.00 7.00\n", False),
        ("9.50 8.00 7.00 many/321 4711\n", False),
    ],
)
def test_a_machine_is_crowded_whose_threads_are_more_than_its_cpus(
    monkeypatch, tmp_path, text, full
):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    (tmp_path / "loadavg").write_text(text)

    assert crowded(tmp_path / "loadavg") is full
    assert not crowded(tmp_path / "missing")
