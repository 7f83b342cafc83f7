"""The switchover of a real blue/green deployment, watched until it is over, or has not happened."""

from collections.abc import Callable
from contextlib import suppress

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.deployments import (
    AVAILABLE,
    COMPLETED,
    IN_PROGRESS,
    DeploymentFacts,
    deployment_facts,
)
from pytest_rdsfailover.live.event_texts import switchover_step
from pytest_rdsfailover.live.gatherer import Gatherer, seconds_of
from pytest_rdsfailover.live.region import Plain
from pytest_rdsfailover.live.switchover_probes import SwitchoverProbes
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.live.watch import GIVE_UP, Watch
from pytest_rdsfailover.model.clock import Clock

UNDER_WAY = frozenset({AVAILABLE, IN_PROGRESS, COMPLETED})  # all else ends a switchover
NOT_FOUND = "BlueGreenDeploymentNotFoundFault"
SURE = 2  # looks in a row that say AVAILABLE again: an answer of RDS may be older than the last one
NO_REASON, NOT_FELT = "RDS gives no reason", "nothing of it was felt"
FELT = ("writes_refused", "writer_cut", "switched")


class LiveBlueGreen(Watch):
    """Watches one switchover from the API and from SQL; it is triggered once, never again.

    Args:
        gatherer: asks the AWS API.
        deployment: the deployment before the switchover.
        probes: look at both sides; started here.
        timeline: where all that is seen is noted.
        clock: the monotonic clock.
        to_monotonic: turns AWS' seconds of the epoch into the monotonic clock's.
    """

    def __init__(
        self,
        gatherer: Gatherer,
        deployment: DeploymentFacts,
        probes: SwitchoverProbes,
        timeline: Timeline,
        *,
        clock: Clock,
        to_monotonic: Callable[[float], float],
    ) -> None:
        super().__init__(
            gatherer, probes.all, timeline, moves_writer=None, profile="aws-blue-green", clock=clock
        )
        self.within = gatherer.asked.switchover_timeout + GIVE_UP
        self._id, self._probes, self._to_monotonic = deployment.id, probes, to_monotonic
        green = deployment.green
        self._names = {deployment.id, deployment.name, *([] if green is None else [green.id])}
        self._status, self._back = deployment.status, 0
        self._completed: float | None = None  # when RDS was first seen to say so
        self._canceled = ""  # what an event says of that
        self._earlier: list[Plain] = []  # events from before the trigger

    def start_probes(self) -> None:
        """Start the probes, and learn what RDS has told already; called before the trigger."""
        with suppress(AwsError):
            self._earlier = self._events()
        super().start_probes()

    def _see(self) -> None:
        """Ask for the deployment, note what it tells, and end what calls for that."""
        try:
            now = deployment_facts(self._gatherer.region.deployment(self._id))
        except AwsError as error:
            if error.code == NOT_FOUND:
                self._fail(f"{self._id} is not there any more")
            raise
        self._note(now)
        if self._reads_events:
            with self._bearing_silence():
                self._note_events()
        self._decide(now)

    def _give_up(self) -> None:
        self._fail(f"{self._id} was still {self._status} when it was given up")

    def _note(self, deployment: DeploymentFacts) -> None:
        """Note a status that is another than at the last look."""
        if deployment.status == self._status:
            return
        now, self._status = self._clock.now(), deployment.status
        if deployment.status == COMPLETED:
            self._completed = now
            self._timeline.add("switchover_completed", now)
        else:
            self._timeline.add(f"api_{deployment.status.lower()}", now)

    def _decide(self, deployment: DeploymentFacts) -> None:
        """End the watch if the switchover is over, or will not be."""
        if self._completed is not None and self._is_over(self._completed):
            self._conclude()
        elif deployment.status not in UNDER_WAY or self._is_back(deployment):
            self._await_events(lambda: bool(self._canceled or deployment.details))
            self._fail_unless_it_goes_on()

    def _fail_unless_it_goes_on(self) -> None:
        """Look once more: answers may have been old, and a status that we do not know may pass."""
        last = deployment_facts(self._gatherer.region.deployment(self._id))
        self._note(last)
        if last.status not in (IN_PROGRESS, COMPLETED):
            self._fail(self._why(last))

    def _is_over(self, completed: float) -> bool:
        """Tell whether API and SQL agree that the cluster is healthy and led to green."""
        return self._probes.take_writes(completed) and self._gatherer.cluster().healthy

    def _is_back(self, deployment: DeploymentFacts) -> bool:
        """Tell whether RDS has ended a switchover without any effect that lasts, or never began one."""
        if deployment.status != AVAILABLE:
            self._back = 0
            return False
        self._back += 1
        if self._canceled:
            return True
        begun = self._timeline.has(f"api_{IN_PROGRESS.lower()}")
        quiet = self._clock.now() - self.triggered > self._gatherer.asked.effect_within
        return self._back >= SURE and (begun or (quiet and not self._timeline.has("switched")))

    def _why(self, deployment: DeploymentFacts) -> str:
        """Return AWS's own reason why nothing was switched over, and what clients felt of it."""
        said = "; ".join(filter(None, (deployment.details, self._canceled)))
        felt = any(self._timeline.has(name) for name in FELT)
        effect = "blue had refused writes or lost its sessions by then" if felt else NOT_FELT
        return f"{deployment.id} is {deployment.status}: {said or NO_REASON} ({effect})"

    def _fail(self, why: str) -> None:
        self._timeline.add("switchover_failed", self._clock.now(), why)
        self._over.set()

    def _conclude(self) -> None:
        """Note since when names have led to green, then wait for the last event."""
        self._probes.conclude()
        self._settle()
        self._await_events(lambda: self._timeline.has("event_completed"))
        self._over.set()

    def _note_events(self) -> None:
        uncertainty = self._gatherer.uncertainty
        for event in self._events():
            step, at = switchover_step(event, self._names), self._to_monotonic(seconds_of(event))
            if not step or event in self._earlier or at < self.triggered - 0.5 - uncertainty:
                continue
            if step == "canceled":
                self._canceled = max(self._canceled, event["Message"], key=len)
            at = min(at, self._clock.now())
            self._timeline.once(f"event_{step}", at, uncertainty=uncertainty)

    def _events(self) -> list[Plain]:
        return self._gatherer.region.deployment_events(60)
