"""The files of a run: each is written on its own, and what is missing fails a run that has passed."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.errors import FileWriteError, NotSavedError
from pytest_rdsfailover.plugin.report_files import JunitFile, ReportFiles, only_shows


@pytest.mark.parametrize(
    "option",
    [
        "collectonly", "setuponly", "setupplan", "showfixtures", "show_fixtures_per_test",
        "cacheshow",
    ],
)  # fmt: skip
def test_a_run_that_runs_no_test_only_shows_something(option):
    def given(name, default):
        return name == option or default

    assert only_shows(SimpleNamespace(getoption=given))
    assert not only_shows(SimpleNamespace(getoption=lambda _, default: default))


class Terminal:
    """Keeps what is written, and whether in red."""

    def __init__(self):
        self.lines = []

    def write_line(self, line, *, red=False):
        self.lines.append((line, red))


FULL = FileWriteError(Path("a.html"), OSError("disk full"))
UNFIT = NotSavedError(Path("main.json"), ValueError("too few trials"))


def ended(*errors, before=(), status=0, **worker):
    """End a run of which these files break; return its files, its lines and its status."""
    terminal = Terminal()
    manager = SimpleNamespace(get_plugin=lambda _: terminal)
    config = SimpleNamespace(getoption=lambda *_: None, pluginmanager=manager, **worker)

    def write(error):
        if error:
            raise error
        return "written"

    files = ReportFiles(
        config, lambda: [partial(write, error) for error in errors], lambda: list(before)
    )
    session = SimpleNamespace(exitstatus=status)
    wrapper = files.pytest_sessionfinish(session)
    next(wrapper)
    with pytest.raises(StopIteration):
        wrapper.send(None)
    return files, terminal.lines, session.exitstatus


def test_every_file_is_written_whatever_becomes_of_another():
    files, lines, status = ended(None, FULL, None)

    assert [red for _, red in lines] == [False, False, True]
    assert "disk full" in lines[-1][0]
    assert (status, files.is_whole) == (1, False)


@pytest.mark.parametrize(("status", "ends"), [(0, 1), (5, 1), (1, 1), (2, 2)])
def test_a_run_that_has_passed_fails_if_a_file_is_missing(status, ends):
    assert ended(FULL, status=status)[2] == ends
    assert ended(None, status=status)[2] == status


def test_what_could_not_be_written_before_is_said_once():
    _, lines, status = ended(None, before=["full: a", "full: a"])

    assert lines == [("written", False), ("full: a", True)]
    assert status == 1


def test_a_baseline_that_is_refused_leaves_the_results_whole():
    files, _, status = ended(UNFIT)

    assert (status, files.is_whole) == (1, True)
    assert not ended(UNFIT, FULL)[0].is_whole


def test_a_worker_writes_nothing():
    assert ended(FULL, workerinput={})[1:] == ([], 0)


@pytest.mark.parametrize(("path", "kind"), [("a.xml", None), (None, OSError)])
def test_the_file_that_pytest_writes_costs_only_itself(path, kind):
    files, _, _ = ended()
    wrapper = JunitFile(SimpleNamespace(getoption=lambda *_: path), files).pytest_sessionfinish()
    next(wrapper)
    with pytest.raises(kind or StopIteration):
        wrapper.throw(OSError("disk full"))

    assert files.is_whole is (path is None)
