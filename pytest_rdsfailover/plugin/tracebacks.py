"""Our errors as a user reads them: with the lines of the test, and without those of this package."""

import contextlib
from pathlib import Path
from types import TracebackType

import pytest

PACKAGE = Path(__file__).parents[1]
BETWEEN = Path(contextlib.__file__)  # stands between a `with` of ours and what it raises


class Tracebacks:
    """Leaves our own frames out of the errors that we raise on purpose; --full-trace shows them."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Shorten the traceback of an error of ours before it is reported."""
        if call.excinfo is not None and not item.config.getoption("fulltrace"):
            shorten(call.excinfo)


def shorten(found: pytest.ExceptionInfo[BaseException]) -> None:
    """Leave out of an error of ours which of our frames raised it, and the error that led to it.

    Its text names what is wrong and what helps. An error that we did not raise on purpose, or of
    which no frame would be left, stays as it is.
    """
    if not _is_ours(found.value):
        return
    theirs = _without_ours(found.tb)
    if theirs is None:
        return
    # pytest walks the chain of an error's frames itself, so a list of some of them would not do.
    found.traceback = type(found.traceback)(theirs)
    if _is_ours(found.value.__context__):
        found.value.__suppress_context__ = True


def _without_ours(frames: TracebackType | None) -> TracebackType | None:
    """Return a copy of a chain of frames without ours; None if none is left."""
    if frames is None:
        return None
    rest = _without_ours(frames.tb_next)
    if _is_within(Path(frames.tb_frame.f_code.co_filename)):
        return rest
    return TracebackType(rest, frames.tb_frame, frames.tb_lasti, frames.tb_lineno)


def _is_ours(error: BaseException | None) -> bool:
    return type(error).__module__.partition(".")[0] == PACKAGE.name


def _is_within(path: Path) -> bool:
    return path == BETWEEN or PACKAGE in path.parents
