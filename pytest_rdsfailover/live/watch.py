"""Watches what a trigger does to a real cluster, by probes and by the AWS API, until it is over."""

import threading
from collections.abc import Sequence

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
    """The threads that watch, and what they have seen; `_look` says what there is to see.

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
        self._clock = clock
        self._over = threading.Event()
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
        """Tell whether watching has ended: the cluster is healthy again, or no effect will come."""
        return self._over.is_set()

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
        """Look at the API once, and set `_over` if there is nothing more to see."""
        raise NotImplementedError
