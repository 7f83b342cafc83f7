"""Which tracebacks are shortened, and by what."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.durations import format_duration, parse_duration
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.plugin import tracebacks
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


@pytest.mark.parametrize(
    ("full", "fails", "shortens"), [(False, True, True), (True, True, False), (False, False, False)]
)
def test_a_report_is_shortened_unless_all_frames_are_wanted(monkeypatch, full, fails, shortens):
    seen = []
    monkeypatch.setattr(tracebacks, "shorten", seen.append)
    item = SimpleNamespace(config=SimpleNamespace(getoption={"fulltrace": full}.get))
    call = SimpleNamespace(excinfo="an error" if fails else None)
    tracebacks.Tracebacks().pytest_runtest_makereport(item, call)
    assert seen == ["an error"] * shortens


def test_our_frames_in_between_are_left_out_too():
    def ours(call):
        return call()

    monkeyed = compile("def between(call):\n    return call()\n", tracebacks.__file__, "exec")
    made = {}
    exec(monkeyed, made)
    found = raised(
        lambda: made["between"](lambda: ours(lambda: parse_duration("2 x"))), SettingError
    )
    assert "tracebacks.py" in files(found)
    count = files(found).count("test_tracebacks.py")
    shorten(found)
    assert files(found) == ["test_tracebacks.py"] * count
