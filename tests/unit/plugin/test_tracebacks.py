"""Which tracebacks are shortened, and by what."""

import pytest

from pytest_rdsfailover.model.durations import format_duration, parse_duration
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.plugin.tracebacks import shorten


def raised(call, kind):
    with pytest.raises(kind) as found:
        call()
    return found


def files(found):
    return [entry.path.name for entry in found.traceback]


def test_our_frames_are_left_out_of_an_error_of_ours():
    found = raised(lambda: parse_duration("2 parsecs"), SettingError)
    assert files(found)[-1] == "durations.py"
    shorten(found)

    assert set(files(found)) == {"test_tracebacks.py"}


def test_an_error_that_nobody_raised_on_purpose_keeps_all_frames():
    found = raised(lambda: format_duration(None), TypeError)
    before = files(found)
    shorten(found)

    assert files(found) == before
    assert before[-1] == "durations.py"


def test_an_error_of_ours_hides_the_one_of_ours_that_it_came_from_and_no_other():
    def fail(error):
        raise error

    def chained(first):
        try:
            fail(first)
        finally:
            fail(SettingError("so"))

    for first, hidden in ((SettingError("first"), True), (KeyError("first"), False)):
        found = raised(lambda first=first: chained(first), SettingError)
        shorten(found)
        assert found.value.__suppress_context__ is hidden
