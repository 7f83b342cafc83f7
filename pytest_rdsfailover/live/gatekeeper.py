"""Asks the gates with fresh evidence, and notes what they answer in the audit record."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.aws.trigger import Triggered
from pytest_rdsfailover.live import gates
from pytest_rdsfailover.live.evidence import GateEvidence, TriggerPlan
from pytest_rdsfailover.live.facts import ClusterFacts
from pytest_rdsfailover.live.gatherer import Gatherer
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.errors import FileWriteError, RdsFailoverError


class Gatekeeper:
    """Lets triggers through, one at a time, and counts each against the session's budget.

    Args:
        gatherer: collects the evidence; its ledger holds the budget and the audit record.
        clock: what to wait with.
    """

    def __init__(self, gatherer: Gatherer, clock: Clock) -> None:
        self._gatherer, self._clock = gatherer, clock
        self._asked, self._ledger = gatherer.asked, gatherer.ledger
        self._paid = False  # an open permit has counted a trigger that has not come yet

    def wait(self) -> None:
        """Wait until the last failover of this session, of any of its workers, is long enough ago.

        The failovers of others are not waited for: the gate `budget` refuses.
        """
        asked = self._asked
        if asked.min_interval > 0 and 0 < self._ledger.used < asked.max_failovers:
            last = max(self._gatherer.failovers(), default=0.0)
            # One second more, because AWS' clock is known only to a second. No longer than the
            # interval, because an event may be dated years ahead; the gate `budget` refuses then.
            longest = asked.min_interval + 1.0
            self._clock.sleep(min(last + longest - self._gatherer.now(), longest))

    def check_writer(self, plan: TriggerPlan, facts: ClusterFacts) -> None:
        """Hold a cluster that was read anew to the plan.

        Raises:
            RefusedError: if the writer is not the one that the plan was made for.
        """
        if facts.writers != (plan.writer,):
            now = ", ".join(facts.writers) or "nobody"
            raise self.changed(
                f"the writer was {plan.writer} when this was planned, now it is {now}"
            )

    def changed(self, why: str) -> gates.RefusedError:
        """Return the error that says what is not as it was planned."""
        closed = gates.ClosedGate(gate="unchanged", why=why)
        return gates.RefusedError(self._asked.cluster, (closed,))

    def ask(self) -> GateEvidence:
        """Return fresh evidence that opens every gate; nothing is taken from the budget.

        Raises:
            RefusedError: naming every closed gate.
        """
        evidence = self._gatherer.evidence(None)
        self._require(evidence)
        return evidence

    def admit(self, plan: TriggerPlan | None) -> None:
        """Ask every gate with fresh evidence, then count and note the trigger that may follow.

        The trigger is noted before it happens, because this process may end during it.

        Raises:
            RefusedError: naming every closed gate.
        """
        evidence = self._gatherer.evidence(plan)
        paid, self._paid = self._paid, False
        if paid:
            evidence = self._without_last(evidence)
        self._require(evidence)
        if not paid:
            self._ledger.spend(evidence.now.timestamp())
        self._note("trigger", evidence)

    @contextmanager
    def permit(self, plan: TriggerPlan | None) -> Iterator[None]:
        """Let the code in the block trigger once.

        The trigger is counted here. `admit` within the block asks the gates again, but does not
        count the same trigger twice.

        Raises:
            RefusedError: naming every closed gate; the block is not entered then.
        """
        self.admit(plan)
        self._paid = True
        try:
            yield
        finally:
            self._paid = False

    def admit_again(self, plan: TriggerPlan | None) -> bool:
        """Tell whether the last trigger, which had no effect, may be issued once more.

        The gates judge as if the last trigger had not been: it took one from the budget and began
        an interval, and both count for the repetition.
        """
        evidence = self._without_last(self._gatherer.evidence(plan))
        closed = gates.refusals(evidence, gates.GATES)
        self._note("trigger again", evidence, closed)
        return not closed

    def answered(self, done: Triggered) -> None:
        """Note that a trigger was accepted, with a warning if that cannot be noted: it has happened."""
        seconds = done.answered - done.sent
        try:
            self._ledger.record("answered", request_id=done.request_id, seconds=seconds)
        except FileWriteError as error:
            warnings.warn(f"{error}; the trigger {done.request_id} was accepted", stacklevel=2)

    def failed(self, error: RdsFailoverError) -> None:
        """Note that a trigger was refused, or sent and not answered: then it may have its effect."""
        unanswered = isinstance(error, AwsError) and error.unanswered
        if unanswered:
            error.add_note(
                f"it was sent, and AWS may act on it: look at {self._asked.aim} before another run"
            )
        with suppress(FileWriteError):
            self._ledger.record("unanswered" if unanswered else "refused", message=str(error))

    def _without_last(self, evidence: GateEvidence) -> GateEvidence:
        """Return the evidence as it would be without the last trigger."""
        others = tuple(at for at in evidence.failovers if at != self._ledger.last)
        return evidence.but(used=evidence.used - 1, failovers=others)

    def _require(self, evidence: GateEvidence) -> None:
        closed = gates.refusals(evidence, gates.GATES)
        if closed:
            self._note("refused", evidence, closed)
            raise gates.RefusedError(self._asked.cluster, closed)

    def _note(
        self, what: str, evidence: GateEvidence, closed: Sequence[gates.ClosedGate] = ()
    ) -> None:
        """Add to the audit record; if it cannot be written, the gate `traceable` refuses anyway."""
        if evidence.recordable:
            return
        asked = self._asked
        self._ledger.record(
            what, account=evidence.account, arn=evidence.arn, region=asked.region,
            cluster=asked.cluster, trigger=asked.trigger, aim=asked.aim, plan=str(evidence.plan),
            tags=dict(evidence.cluster.tags) if evidence.cluster else None,
            **_of_deployment(evidence),
            alarms=dict(evidence.alarms or {}), used=evidence.used,
            refusals=[str(refusal) for refusal in closed],
        )  # fmt: skip


def _of_deployment(evidence: GateEvidence) -> dict[str, object]:
    """Return what is noted of a blue/green deployment; nothing without one."""
    found = evidence.deployment
    if found is None:
        return {}
    tags = None if found.green is None else dict(found.green.tags)
    return {"deployment": str(found), "target": found.target, "tags_of_target": tags}
