"""A client that retries, as many do: on a new connection, unless the last one is still good."""

import random
import time
from collections.abc import Callable, Iterable, Sequence

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.attempts import AttemptRecorder, Classify
from pytest_rdsfailover.load.mix import MixStep
from pytest_rdsfailover.load.workload import Position, Session, Workload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.mysql import driver

LONGEST = 5.0  # seconds for which an operation goes on trying, so that a load can end


class RetryingWorkload:
    """Another workload, whose writes are tried again.

    Args:
        inner: the workload.
        journal: where the attempts are noted.
        retries: how often a write is tried again, at most.
        policy: how long to wait before each retry.
        classify: tells outcome and fault of an attempt that failed.
    """

    renews = True

    def __init__(
        self,
        inner: Workload,
        journal: Journal,
        retries: int,
        policy: ReconnectPolicy,
        classify: Classify | None = None,
    ) -> None:
        self._inner, self._journal, self._classify = inner, journal, classify
        self._retries, self._policy = retries, policy
        self._seen: set[int] = set()  # writers that have had a connection
        self.steps: Sequence[MixStep] = inner.steps

    @property
    def torn(self) -> Sequence[Position]:
        """Return which writes the other workload found stored in part only."""
        return self._inner.torn

    @property
    def needs_writer(self) -> bool:
        """Tell whether the other workload has anything to do on the writer."""
        return self._inner.needs_writer

    @property
    def made(self) -> str:
        """Return what the other workload makes."""
        return self._inner.made

    def create(self, control: Endpoint) -> None:
        """Make what the writes need."""
        self._inner.create(control)

    def open(self, writer: int, bounds: Bounds) -> Session:
        """Return a session: a writer's first is connected, a later one connects when it is used."""
        attempts = AttemptRecorder(self._journal.writers[writer].attempts, self._classify)
        session = RetryingSession(
            lambda: self._inner.open(writer, bounds),
            attempts,
            self._retries,
            self._policy,
            self._classify or driver.classify,
        )
        if writer not in self._seen:
            session.connect()
            self._seen.add(writer)
        return session

    def stored(self, control: Endpoint) -> Iterable[Position] | None:
        """Return the position of every stored write."""
        return self._inner.stored(control)

    def drop(self, control: Endpoint) -> None:
        """Remove what `create` made."""
        self._inner.drop(control)


class RetryingSession:
    """A connection that is made anew after a failure, within the operation that failed."""

    def __init__(
        self,
        connect: Callable[[], Session],
        attempts: AttemptRecorder,
        retries: int,
        policy: ReconnectPolicy,
        classify: Classify,
    ) -> None:
        self._connect, self._retries, self._policy = connect, retries, policy
        self._classify = classify
        self.attempts: AttemptRecorder | None = attempts
        self._attempt = attempts
        self._session: Session | None = None
        self._chance = random.Random()  # noqa: S311 - jitter, no secret

    @property
    def instance(self) -> str | None:
        """Return the instance of the connection in use."""
        return None if self._session is None else self._session.instance

    def perform(self, step: MixStep, sequence: int) -> int | None:
        """Do a step, again if it fails; raise what the last try raised."""
        if step.reads:
            return self.connect().perform(step, sequence)
        left, deadline = self._retries, time.monotonic() + LONGEST
        while True:
            try:
                return self._try(step, sequence)
            except Exception as error:
                if self._policy.leaves(*self._classify(error, True)):  # noqa: FBT003 - a callback
                    self.close()
                if not left or time.monotonic() > deadline:
                    raise
            left -= 1
            time.sleep(self._policy.wait(self._chance))

    def _try(self, step: MixStep, sequence: int) -> int | None:
        with self._attempt() as attempt:
            attempt.sent = False
            session = self.connect()
            attempt.sent = True
            return session.perform(step, sequence)

    def connect(self) -> Session:
        """Return the connection in use, made now if there is none."""
        if self._session is None:
            self._session = self._connect()
        return self._session

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None
