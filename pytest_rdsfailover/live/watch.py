"""Watches what a trigger does to a real cluster, by probes and by the AWS API, until it is over."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.aws.trigger import Triggered
from pytest_rdsfailover.live.gatherer import Gatherer
from pytest_rdsfailover.live.probes import Probe
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.errors import RdsFailoverError, public
from pytest_rdsfailover.model.records import Milestone

EVENTS_EVERY = 5  # at every fifth look the events are read, too; they come late anyway
LATE_EVENTS = 15.0  # seconds to wait for the last event once everything else is over
GIVE_UP = 900.0  # seconds after which what is not over is no longer watched


@public
class LostWatchError(RdsFailoverError):
    """A thread that watched the failover has failed, so that the timeline is not complete."""


class Watch:
    """The threads that watch, and what they have seen.

    A subclass says what there is to see (`_see`), what events tell of it (`_note_events`), and how
    it ends if nothing else has ended it (`_give_up`).

    Args:
        gatherer: asks the AWS API.
        watchers: the probes to run; started here.
        timeline: where all that is seen is noted.
        moves_writer: whether another instance should be the writer afterwards; None if names tell
            nothing of that.
        profile: what reports call this failover.
        clock: the monotonic clock.

    Attributes:
        within: seconds after which what is not over is no longer watched.
    """

    within = GIVE_UP

    def __init__(
        self,
        gatherer: Gatherer,
        watchers: Sequence[Probe],
        timeline: Timeline,
        *,
        moves_writer: bool | None,
        profile: str,
        clock: Clock,
    ) -> None:
        self.profile, self.moves_writer = profile, moves_writer
        self.triggered = clock.now()
        self._gatherer, self._watchers, self._timeline = gatherer, watchers, timeline
        self._clock, self._looks = clock, 0
        self._over = threading.Event()
        self._settled: float | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="rdsfailover-api", daemon=True)

    def start(self, done: Triggered) -> None:
        """Watch from now on what the trigger does that AWS has accepted."""
        self.triggered = done.sent
        self._timeline.add("trigger", done.sent)
        self._timeline.add("api_answered", done.answered)
        self._thread.start()

    def start_probes(self) -> None:
        """Start the probes; called before the trigger."""
        for watcher in self._watchers:
            watcher.start()

    def milestones(self) -> Sequence[Milestone]:
        """Return what was seen so far, in order of time."""
        return self._timeline.all()

    def settled(self) -> bool:
        """Tell whether the cluster is healthy again, or no effect will come."""
        return self._settled is not None or self._over.is_set()

    def told(self) -> bool:
        """Tell whether watching has ended; late events are waited for only so long."""
        late = self._settled is not None and self._clock.now() >= self._settled + LATE_EVENTS
        return late or self._over.is_set()

    def check(self) -> None:
        """Raise LostWatchError if a thread that should watch has failed."""
        errors = [self._error, *(watcher.error for watcher in self._watchers)]
        for error in errors:
            if error is not None:
                raise LostWatchError(f"the failover is not watched any more: {error!r}") from error

    def stop(self) -> None:
        """End all watching and wait for the threads."""
        self._over.set()
        for watcher in self._watchers:
            watcher.stop()
        for thread in (*self._watchers, self._thread):
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(timeout=10.0)

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._look()
                self._over.wait(self._gatherer.asked.poll)
        except Exception as error:  # noqa: BLE001 - the thread's top: `check` raises it
            self._error = error
        finally:
            self._over.set()
            for watcher in self._watchers:
                watcher.stop()

    def _look(self) -> None:
        """Look at the API once; throttling and outages of the API are survived."""
        self._looks += 1
        with self._bearing_silence():
            self._see()
        lost = next(filter(None, (watcher.lost for watcher in self._watchers)), "")
        if lost and not self.settled():
            self._timeline.add("login_lost", self._clock.now(), lost)
            self._over.set()
        if not self._over.is_set() and self._clock.now() > self.triggered + self.within:
            self._give_up()

    def _see(self) -> None:
        """Ask the API, note what it tells, and set `_over` if there is nothing more to see.

        Raises:
            AwsError: if AWS refuses, or cannot be asked.
        """
        raise NotImplementedError

    def _give_up(self) -> None:
        """Note that it was watched for too long, and set `_over`."""
        raise NotImplementedError

    def _note_events(self) -> None:
        """Read the events once, and note what they tell.

        Raises:
            AwsError: if AWS refuses, or cannot be asked.
        """
        raise NotImplementedError

    @property
    def _reads_events(self) -> bool:
        """Return whether the present look reads the events, too."""
        return self._looks % EVENTS_EVERY == 0

    def _settle(self) -> None:
        """Note that the cluster has settled; what is told of it after that is no more than told."""
        self._settled = self._clock.now()

    def _await_events(self, enough: Callable[[], bool]) -> None:
        """Read the events until they tell enough, because RDS publishes them late."""
        until = self._clock.now() + LATE_EVENTS
        while True:
            with self._bearing_silence():
                self._note_events()
            if enough() or self._clock.now() >= until:
                return
            if self._over.wait(self._gatherer.asked.poll):
                return

    @contextmanager
    def _bearing_silence(self) -> Iterator[None]:
        """Note that the API did not answer what the block asked, and go on."""
        try:
            yield
        except AwsError as error:
            self._timeline.once("api_silent", self._clock.now(), error.code)
