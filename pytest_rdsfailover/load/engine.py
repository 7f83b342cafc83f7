"""What all engines have in common: when their writers begin and end, and how many were served."""

import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence

from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.load.startable import Startable
from pytest_rdsfailover.load.watchdog import Pause
from pytest_rdsfailover.model.clock import to_nanoseconds, to_seconds
from pytest_rdsfailover.model.errors import RdsFailoverError, public

LEAD = 0.02  # seconds between the last writer's readiness and the first slot
LOOK_EVERY = 0.1  # seconds between two looks at what the writers connect to
Check = Callable[[], None]


@public
class LoadError(RdsFailoverError):
    """The load could not be started, or a part of it broke: nothing that it measured counts."""


class Gate:
    """When all writers begin and end.

    Attributes:
        start: the nanosecond of the first slot; counts once *begun* is set.
        end: the nanosecond after which slots no longer count; counts once *ended* is set.
    """

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()
        self.start = self.end = 0

    def open(self, start: int) -> None:
        """Let the writers begin at a nanosecond."""
        self.start = start
        self.begun.set()

    def close(self) -> None:
        """Let the writers end; those that still wait to begin, too."""
        if not self.ended.is_set():
            self.end = time.monotonic_ns()
        self.ended.set()
        self.begun.set()


class Engine(Startable):
    """Concurrent writers; a context manager.

    Attributes:
        asleep: when each process of the engine's own stood still; known once it has ended. Writer w is in
            process w modulo their number; empty if the writers are in this process.
        complaints: what the writers' errors said, and where writers hang; known once it has ended.
        alignment: by how many seconds the times of one writer may be off those of this machine; known
            once it has ended.
        unreported: the numbers of the writers of whom nobody has told what they did; likewise.
        notes: what is to be known about how the load was run; likewise.
    """

    def __init__(self) -> None:
        self._gate = Gate()
        self.asleep: Sequence[Sequence[Pause]] = ()
        self.complaints: Sequence[Complaint] = ()
        self.alignment = 0.0
        self.unreported: Sequence[int] = ()
        self.notes: Sequence[str] = ()

    @property
    def started(self) -> float:
        """Return the moment of the first slot, in seconds."""
        return to_seconds(self._gate.start)

    @property
    def ends(self) -> float | None:
        """Return when a load of a given time is over, in seconds; None if it goes on until `stop`.

        What the former's writers do is known only when it has ended.
        """
        return None

    def wait(self, look: Check, until: float | None = None) -> None:
        """Wait until a load of a given time has ended.

        Args:
            look: is called now and then, and raises if waiting has become pointless.
            until: a moment at which to return before that; None for the end.
        """

    def start(self, timeout: float = 15.0, check: Check | None = None) -> None:
        """Connect all writers at once and begin.

        Args:
            timeout: seconds that the writers have for it.
            check: is called while they connect, and raises if that has become pointless.

        Raises:
            LoadError: if a writer has no connection after *timeout* seconds; the others are ended.
        """
        self.connect(timeout, check)
        self.begin(time.monotonic_ns() + to_nanoseconds(LEAD))

    def begin(self, start: int) -> None:
        """Let the writers, all of which are connected, begin at a nanosecond."""
        self._gate.open(start)

    @abstractmethod
    def connect(self, timeout: float, check: Check | None = None) -> None:
        """Connect all writers, and do not begin yet. See `start`.

        Raises:
            LoadError: if a writer has no connection after *timeout* seconds; the others are ended.
        """

    @abstractmethod
    def acked_since(self, moment: float) -> int:
        """Return how many writers had a write acknowledged that they sent after *moment*."""

    @abstractmethod
    def progress(self) -> Progress:
        """Return what the writers have done so far."""

    @abstractmethod
    def stop(self, timeout: float = 10.0) -> None:
        """End all writers; harmless the second time.

        Raises:
            LoadError: if a writer broke by a fault of ours.
        """


def happens(event: threading.Event, deadline: float, check: Check | None) -> bool:
    """Wait for an event until a moment of the monotonic clock; return whether it came.

    Raises:
        Exception: what *check* raises meanwhile.
    """
    while not event.wait(max(0.0, min(LOOK_EVERY, deadline - time.monotonic()))):
        if time.monotonic() >= deadline:
            return False
        if check is not None:
            check()
    return True
