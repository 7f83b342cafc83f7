"""The end of a load: every step of the clean-up is taken, whatever becomes of the others."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from pytest_rdsfailover.model.errors import LeftBehindWarning

Steps = Mapping[str, Callable[[], object]]


class CleanUp:
    """Stops and removes what a load has made.

    Args:
        steps: is called with the error that has ended the load, or None; returns what is to be done, in
            order, by the words that say what is wrong if it fails.
        after_error: is called after the clean-up of a load that an `Exception` has ended; may raise
            another in its place.
    """

    def __init__(
        self,
        steps: Callable[[BaseException | None], Steps],
        *,
        after_error: Callable[[], object],
    ) -> None:
        self._steps, self._after_error = steps, after_error
        self._left: list[str] = []

    @property
    def left_behind(self) -> Sequence[str]:
        """Return what could not be stopped or removed, and why."""
        return self._left

    @contextmanager
    def if_broken(self) -> Iterator[None]:
        """Clean up if the block raises."""
        try:
            yield
        except BaseException as error:
            self.end(error)
            raise

    def end(self, error: BaseException | None) -> None:
        """Take every step; what is left behind is noted on the error, and never replaces it.

        Raises:
            BaseException: what interrupted a step, Ctrl-C for example; the others were taken.
        """
        interrupt = self._take(error)
        with self._noted(interrupt or error):
            if interrupt is not None:
                raise interrupt
            if isinstance(error, Exception):
                self._after_error()

    @contextmanager
    def _noted(self, error: BaseException | None) -> Iterator[None]:
        """Note what is left behind on the error, or on that which the block raises in its place."""
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            if error is not None:
                self._note(error)

    def _note(self, error: BaseException) -> None:
        for line in self._left:
            error.add_note(line)
            if isinstance(error, KeyboardInterrupt):  # of which pytest shows no notes
                with suppress(LeftBehindWarning):  # where warnings are errors
                    warnings.warn(LeftBehindWarning(line), stacklevel=2)

    def _take(self, error: BaseException | None) -> BaseException | None:
        """Take every step; return what interrupted one.

        Who is told to end in the midst of one takes it once more, as the clean-up of an interrupted load
        does: it waits for less, and leaves no table.
        """
        cause = error
        for failed in self._steps(error):
            broken = self._try(failed, cause)
            if isinstance(broken, KeyboardInterrupt) and not isinstance(cause, KeyboardInterrupt):
                cause = broken
                broken = self._try(failed, cause)
            if isinstance(broken, Exception):
                self._left.append(f"{failed}: {broken}")
            elif broken is not None:
                self._left.append(f"{failed}: {broken!r}")
                cause = broken if cause is error else cause
        return None if cause is error else cause

    def _try(self, failed: str, cause: BaseException | None) -> BaseException | None:
        """Take the step that these words are for; return what it raises."""
        try:
            self._steps(cause)[failed]()
        except BaseException as broken:  # noqa: BLE001 - a clean-up outranks no verdict
            return broken
        return None
