"""A failover of a real cluster, watched until it is over or has had no effect."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.aws.trigger import Triggered
from pytest_rdsfailover.live.event_texts import milestone_of
from pytest_rdsfailover.live.experiments import ExperimentState, experiment_state
from pytest_rdsfailover.live.facts import ClusterFacts, ProxyFacts
from pytest_rdsfailover.live.gatherer import Gatherer, seconds_of
from pytest_rdsfailover.live.probes import EndpointProbe, InstanceProbe, Probe
from pytest_rdsfailover.live.region import Plain
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.live.watch import Watch
from pytest_rdsfailover.model.clock import Clock

SAME = 0.1  # seconds; two events of the same words are further apart


class LiveFailover(Watch):
    """Watches one failover from the API and from SQL.

    Args:
        gatherer: asks the AWS API.
        before: the cluster before the trigger.
        proxy: the proxy before the trigger; None without one.
        watchers: the probes to run; started here.
        timeline: where all that is seen is noted.
        again: issues the trigger again if the gates let it; returns what AWS answered, or None.
        moves_writer: whether another instance should be the writer afterwards.
        profile: what reports call this failover.
        clock: the monotonic clock.
        to_monotonic: turns AWS' seconds of the epoch into the monotonic clock's.
    """

    def __init__(  # noqa: PLR0913 - what is watched, and by what
        self,
        gatherer: Gatherer,
        before: ClusterFacts,
        proxy: ProxyFacts | None,
        watchers: Sequence[Probe],
        timeline: Timeline,
        *,
        again: Callable[[], Triggered | None],
        moves_writer: bool,
        profile: str,
        clock: Clock,
        to_monotonic: Callable[[float], float],
    ) -> None:
        super().__init__(
            gatherer, watchers, timeline, moves_writer=moves_writer, profile=profile, clock=clock
        )
        self._before, self._proxy, self._again = before, proxy, again
        self._to_monotonic = to_monotonic
        self._issued, self._attempts = self.triggered, 1
        self._writer = before.writers[0]
        self._status = before.status
        self._experiment = ""  # the id of the FIS experiment, if that is the trigger
        self._earlier: list[
            tuple[Plain, float]
        ] = []  # events from before the trigger, with their times

    def start(self, done: Triggered) -> None:
        """Watch from now on what the trigger does that AWS has accepted."""
        self._issued, self._experiment = done.sent, done.experiment
        super().start(done)

    def start_probes(self) -> None:
        """Start the probes, and learn what RDS has told already; called before the trigger."""
        # Their times are too uncertain to tell the events of a failover just before from its own.
        with suppress(AwsError):
            self._earlier = [(event, seconds_of(event)) for event in self._events()]
        super().start_probes()

    def _see(self) -> None:
        """Ask the API, note what it tells, and end or repeat what calls for that."""
        cluster = self._gatherer.cluster()
        self._note(cluster)
        with self._bearing_silence():
            self._note_proxy()
        if self._is_over(cluster):
            self._settle()
            self._experiment_now()  # a quick failover was over before a look asked for it
            last = "event_completed" if self.moves_writer else "event_restart"
            self._await_events(lambda: self._timeline.has(last))
            self._over.set()
        elif self._had_no_effect(cluster):
            self._repeat()
        elif self._reads_events:
            self._note_events()
            self._experiment_now()

    def _give_up(self) -> None:
        self._timeline.add("gave_up", self._clock.now())
        self._over.set()

    def _note(self, cluster: ClusterFacts) -> None:
        now = self._clock.now()
        if cluster.writers and cluster.writers[0] != self._writer:
            self._writer = cluster.writers[0]
            self._timeline.add("api_writer", now, self._writer)
        if cluster.status != self._status:
            self._status = cluster.status
            self._timeline.add(f"api_{cluster.status}", now)

    def _note_events(self) -> None:
        """Read the events of the cluster and, because RDS keeps them apart, of each instance."""
        uncertainty = self._gatherer.uncertainty
        since = self.triggered - 0.5 - uncertainty
        for event in self._events():
            if self._was_there(event):
                continue
            milestone, at = milestone_of(event), self._to_monotonic(seconds_of(event))
            if milestone is not None and at >= since:
                name, instance = milestone
                now = self._clock.now()
                self._timeline.once(name, min(at, now), instance, uncertainty=uncertainty)

    def _was_there(self, event: Plain) -> bool:
        """Tell whether an event had been told before the trigger."""
        return any(
            _words(event) == _words(known) and abs(seconds_of(event) - at) < SAME
            for known, at in self._earlier
        )

    def _events(self) -> Iterator[Plain]:
        region = self._gatherer.region
        yield from region.events(self._before.id, 60)
        for member in self._before.members:
            if member.arn.split(":")[3:4] in ([region.name], []):
                yield from region.events(member.id, 60, "db-instance")

    def _note_proxy(self) -> None:
        if self._proxy is None:
            return
        proxy = self._gatherer.proxy()
        if proxy is not None and proxy.available != self._proxy.available:
            state = f"{proxy.available} available"
            self._timeline.add("proxy_targets", self._clock.now(), state)
            self._proxy = proxy

    def _is_over(self, cluster: ClusterFacts) -> bool:
        """Tell whether API and SQL agree that the cluster is healthy and the effect is there."""
        endpoint = next(probe for probe in self._watchers if isinstance(probe, EndpointProbe))
        if not cluster.healthy or not all(probe.up for probe in self._instances):
            return False
        reached = (endpoint.leads_to,) == cluster.writers and endpoint.writes
        if self.moves_writer:
            return reached and (self._writer != self._before.writers[0] or self._came_back)
        return reached and self._timeline.has("writer_cut")

    @property
    def _instances(self) -> list[InstanceProbe]:
        return [probe for probe in self._watchers if isinstance(probe, InstanceProbe)]

    @property
    def _came_back(self) -> bool:
        """Tell whether another instance was the writer, and the one of before is it again."""
        elsewhere = any(self._timeline.has(name) for name in ("promoted", "api_writer"))
        return elsewhere and [probe.was_writer for probe in self._instances if probe.writes] == [
            True
        ]

    def _had_no_effect(self, cluster: ClusterFacts) -> bool:
        quiet = self._clock.now() - self._issued > self._gatherer.asked.effect_within
        touched = any(self._timeline.has(name) for name in ("writer_cut", "event_started"))
        same = cluster.writers == self._before.writers
        return quiet and same and not touched and cluster.healthy

    def _repeat(self) -> None:
        """Issue the trigger again, as AWS' own harness does; give up after some attempts."""
        self._note_events()
        state = self._experiment_now()
        if self._timeline.has("event_started") or (state is not None and state.under_way):
            return
        repeatable = state is None or state.repeatable
        left = self._attempts < self._gatherer.asked.attempts
        done = self._again() if repeatable and left else None
        if done is None:
            said = None if state is None else str(state)
            self._timeline.add("no_effect", self._clock.now(), said)
            self._over.set()
            return
        self._attempts += 1
        self._issued, self._experiment = self._clock.now(), done.experiment
        self._timeline.add("trigger_again", self._issued)

    def _experiment_now(self) -> ExperimentState | None:
        """Ask how the experiment is, and note it; None if the trigger is none."""
        if not self._experiment:
            return None
        state = experiment_state(self._gatherer.region, self._experiment)
        self._timeline.once(f"experiment_{state.status}", self._clock.now(), str(state))
        return state


def _words(event: Plain) -> tuple[object, object]:
    """Return which instance or cluster an event is about, and its text."""
    return event.get("SourceIdentifier"), event["Message"]
