"""The failovers of one real cluster: each triggered behind the gates, and watched to its end."""

from collections.abc import Callable, Sequence
from functools import partial

from pytest_rdsfailover.aws.trigger import Triggered
from pytest_rdsfailover.live.addresses import Addresses
from pytest_rdsfailover.live.blue_green import LiveBlueGreen
from pytest_rdsfailover.live.evidence import TriggerPlan
from pytest_rdsfailover.live.facts import ClusterFacts, ProxyFacts
from pytest_rdsfailover.live.failover import LiveFailover
from pytest_rdsfailover.live.gatekeeper import Gatekeeper
from pytest_rdsfailover.live.gatherer import Gatherer
from pytest_rdsfailover.live.probes import EVERY, SPARING, probes
from pytest_rdsfailover.live.switchover_probes import SwitchoverProbes
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.live.triggers import LiveTrigger
from pytest_rdsfailover.live.watch import Watch
from pytest_rdsfailover.model.clock import Clock, wait_until
from pytest_rdsfailover.model.errors import NotReadyError, RdsFailoverError


class LiveFailovers:
    """Triggers failovers, one at a time.

    Args:
        gatherer: asks AWS.
        gates: let each trigger through, or not.
        act: the trigger.
        addresses: returns what makes endpoints.
        clock: the monotonic clock.
    """

    def __init__(
        self,
        gatherer: Gatherer,
        gates: Gatekeeper,
        act: LiveTrigger,
        addresses: Callable[[], Addresses],
        clock: Clock,
    ) -> None:
        self._gatherer, self._gates, self._act = gatherer, gates, act
        self._addresses, self._clock = addresses, clock
        self._all: list[Watch] = []

    @property
    def all(self) -> Sequence[Watch]:
        """Return every failover so far, in order."""
        return self._all

    @property
    def _every(self) -> float:
        """Return the seconds between two looks at the database."""
        return SPARING if self._gatherer.asked.auth == "iam" else EVERY

    def refuse_overlap(self) -> None:
        """Raise RdsFailoverError if the last failover is still on its way; its late events are not awaited."""
        self.check()
        for last in self._all[-1:]:
            if not last.settled():
                raise RdsFailoverError("a failover of this cluster is still on its way")
            last.stop()

    def trigger(self, plan: TriggerPlan, facts: ClusterFacts, proxy: ProxyFacts | None) -> Watch:
        """Ask the gates with fresh evidence, trigger, and watch.

        Args:
            plan: what was planned; nothing else is acted on.
            facts: the cluster now.
            proxy: the proxy now; None without one.

        Raises:
            RefusedError: naming every closed gate; nothing was changed then.
            AwsError: if AWS refuses, or cannot be asked.
        """
        self._gates.check_writer(plan, facts)  # the probes are for the plan's writer only
        if self._act.kind == "blue-green":
            watch: Watch = self._watch_switchover(plan, facts)
        else:
            watch = self._watch(plan, facts, proxy)
        try:
            watch.start_probes()
            self._gates.admit(plan)
            watch.start(self._issue(plan))
        except BaseException:
            watch.stop()
            raise
        self._all.append(watch)
        return watch

    def _watch(
        self, plan: TriggerPlan, facts: ClusterFacts, proxy: ProxyFacts | None
    ) -> LiveFailover:
        timeline, addresses = Timeline(), self._addresses()
        return LiveFailover(
            self._gatherer,
            facts,
            proxy,
            probes(
                facts, partial(addresses.named, facts), timeline, self._clock, every=self._every
            ),
            timeline,
            again=partial(self._again, plan),
            moves_writer=self._act.moves_writer,
            profile=f"aws-{self._act.kind}",
            clock=self._clock,
            to_monotonic=self._gatherer.to_monotonic,
        )

    def _watch_switchover(self, plan: TriggerPlan, facts: ClusterFacts) -> LiveBlueGreen:
        deployment, timeline = self._gatherer.deployment(), Timeline()
        green = None if deployment is None else deployment.green
        if deployment is None or green is None or green.writers != (plan.target,):
            raise self._gates.changed(f"green has not {plan.target} as its writer any more")
        successor = deployment.successor(green.writers[0])
        if successor is None:
            raise self._gates.changed(f"{plan.target} is no twin of an instance any more")
        found = SwitchoverProbes(
            facts, green, successor, self._addresses(), timeline, self._clock, self._every
        )
        return LiveBlueGreen(
            self._gatherer, deployment, found, timeline,
            clock=self._clock, to_monotonic=self._gatherer.to_monotonic,
        )  # fmt: skip

    def _again(self, plan: TriggerPlan) -> Triggered | None:
        """Issue the trigger once more if every gate lets it; return AWS' answer if it was issued."""
        if not self._gates.admit_again(plan):
            return None
        try:
            return self._issue(plan)
        except RdsFailoverError:
            return None

    def _issue(self, plan: TriggerPlan) -> Triggered:
        """Trigger, and note how AWS answered."""
        try:
            done = self._act(plan)
        except RdsFailoverError as error:
            self._gates.failed(error)
            raise
        self._gates.answered(done)
        return done

    def check(self) -> None:
        """Raise LostWatchError if the last failover is not watched any more."""
        for failover in self._all[-1:]:
            failover.check()

    def rest(self) -> None:
        """Wait until the last failover is over, all instances are available, and all is told.

        Raises:
            NotReadyError: if the failover is not over by the time at which it is given up.
        """
        self.check()
        if self._all:
            last = self._all[-1]
            if not wait_until(last.told, timeout=last.within, clock=self._clock, every=0.1):
                raise NotReadyError(f"the failover {last.profile!r}", last.within)
            last.stop()

    def close(self) -> None:
        """End all watching; the cluster stays as it is."""
        for failover in self._all:
            failover.stop()
