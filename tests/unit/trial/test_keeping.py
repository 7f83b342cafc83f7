"""What is written down of a trial while it runs: only news."""

from pathlib import Path

import pytest

from pytest_rdsfailover.trial.keeping import Keeping


class Remains:
    """A directory that remembers what was done with it."""

    def __init__(self):
        self.done = []

    def events(self, process):
        return Path(f"{process}.events")

    def keep(self, course):
        self.done.append(course)

    def discard(self):
        self.done.append("discarded")

    def leave(self, error):
        self.done.append(error)


def test_a_course_is_written_down_with_each_news_and_only_then():
    remains, news = Remains(), iter([1, 1, 2, 2, 1])
    keeping = Keeping(remains)
    for number in range(5):
        keeping.keep(lambda: next(news), lambda number=number: f"course {number}")

    assert remains.done == ["course 0", "course 2", "course 4"]
    assert keeping.events == Path("0.events")


def test_a_load_that_never_began_is_removed_and_one_that_broke_is_left():
    remains, broken = Remains(), OSError("full")
    keeping = Keeping(remains)
    with keeping.discarding_on_error():
        pass
    with pytest.raises(KeyboardInterrupt), keeping.discarding_on_error():
        raise KeyboardInterrupt
    keeping.leave(broken)

    assert remains.done == ["discarded", broken]


def test_where_nothing_is_kept_nobody_is_asked():
    keeping = Keeping(None)
    keeping.keep(pytest.fail, pytest.fail)
    keeping.leave(OSError())
    keeping.discard()

    assert keeping.events is None
