"""The files that a run leaves: written when it is over, each on its own, after the summary.

A file that cannot be written costs nothing but itself: it is named, and the run fails.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from pytest_rdsfailover.model.errors import FileWriteError, NotWrittenError
from pytest_rdsfailover.model.shown import printable

PASSING = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
Write = Callable[[], str]  # writes a file; returns the line that says so, or nothing


# Options with which pytest shows something, and runs no test.
SHOWING = (
    "collectonly", "setuponly", "setupplan", "showfixtures", "show_fixtures_per_test", "cacheshow",
)  # fmt: skip


def only_shows(config: pytest.Config) -> bool:
    """Tell whether a run of pytest runs no test: it measures nothing, and writes nothing."""
    return any(config.getoption(name, None) for name in SHOWING)


class ReportFiles:
    """Writes the files of a run; does nothing on a worker, and where no test is run.

    Args:
        config: pytest's.
        files: returns what writes each file; asked when the run is over.
        unwritten: returns why files could not be written before.

    Attributes:
        is_whole: whether every file of the run could be written so far.
    """

    def __init__(
        self,
        config: pytest.Config,
        files: Callable[[], Sequence[Write]],
        unwritten: Callable[[], Sequence[str]],
    ) -> None:
        self._config, self._files, self._before = config, files, unwritten
        self._is_idle = hasattr(config, "workerinput") or only_shows(config)
        self._unwritten: list[str] = []
        self.is_whole = True

    # Around pytest's own reporter, whose part of this hook prints the whole summary.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Write every file, whatever else fails; fail a run that has passed if one is missing."""
        try:
            return (yield)
        finally:
            if not self._is_idle:
                self._write()
                if self._unwritten and session.exitstatus in PASSING:
                    session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write(self) -> None:
        for write in self._files():
            with self.guard():
                self._say(write())
        self._unwritten += self._before()
        for why in dict.fromkeys(self._unwritten):
            self._say(why, red=True)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Note that a file could not be written, and go on."""
        try:
            yield
        except FileWriteError as error:
            self._unwritten.append(str(error))
            self.is_whole &= isinstance(error, NotWrittenError)

    def _say(self, line: str, **markup: bool) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if line and reporter is not None:
            reporter.write_line(printable(line), **markup)


class JunitFile:
    """Guards the file that pytest itself writes, for which we add properties to its tests."""

    def __init__(self, config: pytest.Config, files: ReportFiles) -> None:
        self._path, self._files = config.getoption("xmlpath", None), files

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Iterator[None]:
        """Let the summary be printed although `--junit-xml` could not be written."""
        with self._files.guard():
            try:
                return (yield)
            except OSError as error:
                if self._path is None:
                    raise
                raise FileWriteError(self._path, error) from error
