"""What is left of a trial, should its process be killed or no verdict be made."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.unfinished import Remains

MakeRemains = Callable[[str, int], Remains | None]  # given the run's prefix and its writers


class Keeping:
    """Keeps a trial in a directory while it runs; does nothing where there is no such directory.

    Args:
        remains: the directory; None for none.
    """

    def __init__(self, remains: Remains | None) -> None:
        self._remains = remains
        self._known: object = None  # what was last written down

    @property
    def events(self) -> Path | None:
        """Return where this process stores what its writers do; None for memory only."""
        return None if self._remains is None else self._remains.events(0)

    def keep(self, known: Callable[[], object], course: Callable[[], Course]) -> None:
        """Write down the course of the trial so far, if anything new is known.

        Args:
            known: returns what the course depends on.
            course: returns the course.
        """
        if self._remains is None:
            return
        latest = known()
        if latest != self._known:
            self._known = latest
            self._remains.keep(course())

    def discard(self) -> None:
        """Remove it: the trial is noted, or never began."""
        if self._remains is not None:
            self._remains.discard()

    @contextmanager
    def discarding_on_error(self) -> Iterator[None]:
        """Remove it if a block ends with an error: the load that it is of never began."""
        try:
            yield
        except BaseException:
            self.discard()
            raise

    def leave(self, error: BaseException) -> None:
        """Keep it for good, and say in an error where it is."""
        if self._remains is not None:
            self._remains.leave(error)
