"""What a workload reports of the tries inside its operations: `with attempt(): ...`."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pytest_rdsfailover.journal.events import Events
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.mysql import driver

Classify = Callable[[Exception, bool], tuple[Outcome, Fault]]


class AttemptRecorder:
    """One writer's attempts; a call begins the next attempt, a context manager.

    If its block ends, the database has done what was attempted; if its block raises, it has not.
    Any thread or task that works on the writer's operation may begin attempts.

    Args:
        events: where the attempts are noted.
        classify: tells outcome and fault of an attempt that failed.
    """

    def __init__(self, events: Events, classify: Classify | None = None) -> None:
        self._events, self._classify = events, classify or driver.classify
        self._lock = threading.Lock()
        self._operation, self._open = 0, False

    def begin(self, operation: int) -> None:
        """Say to which operation the next attempts belong."""
        self._operation, self._open = operation, False

    @property
    def undecided(self) -> bool:
        """Tell whether an attempt of this operation may have been applied without an answer."""
        return self._open

    def __call__(self) -> "Attempt":
        """Return the next attempt, begun now."""
        return Attempt(self, self._operation)

    def note(
        self, operation: int, started: int, error: BaseException | None, *, sent: bool
    ) -> None:
        """Note how an attempt has ended; *started* is the nanosecond at which it began."""
        finished = time.monotonic_ns()
        self._record(operation, (started, finished), *self._outcome(error, sent=sent))

    def told(self, began: int, ended: int, outcome: Outcome, fault: Fault | None) -> None:
        """Note an attempt that somebody else has made; its times are in nanoseconds."""
        self._record(self._operation, (began, ended), outcome, fault)

    def _record(
        self, operation: int, times: tuple[int, int], outcome: Outcome, fault: Fault | None
    ) -> None:
        started, finished = times
        with self._lock:
            self._open |= operation == self._operation and outcome is not Outcome.REFUSED
            self._events.record((started, started, finished), outcome, fault, None, operation)

    def _outcome(self, error: BaseException | None, *, sent: bool) -> tuple[Outcome, Fault | None]:
        if error is None:
            return Outcome.ACKED, None
        if isinstance(error, Exception):
            return self._classify(error, sent)
        return Outcome.UNKNOWN, driver.fault_of(error)  # for example of a cancelled task


class Attempt:
    """One attempt within an operation.

    Attributes:
        sent: whether the write may have been sent by now; set it to False while connecting, and
            an error counts as refused.
    """

    def __init__(self, attempts: AttemptRecorder, operation: int) -> None:
        self._attempts, self._operation, self.sent = attempts, operation, True
        self._started = time.monotonic_ns()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._attempts.note(self._operation, self._started, error, sent=self.sent)
