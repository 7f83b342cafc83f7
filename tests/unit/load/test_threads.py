"""Writers that do not start say what they wait for."""

import threading

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.user_code import CallWorkload


def test_a_setup_that_hangs_is_shown_where_it_waits():
    answer = threading.Event()
    journal = Journal("run", 1)
    workload = CallWorkload(journal, lambda _key, _state: None, setup=lambda: answer.wait(60))

    with pytest.raises(
        LoadError, match=r"1 of 1 writers got no connection .* bound its waits"
    ) as caught:
        ThreadLoad(workload, journal, rate=1.0).connect(timeout=0.05)
    answer.set()

    (note,) = caught.value.__notes__
    assert "where writer 0 waits" in note
    assert "answer.wait(60)" in note
