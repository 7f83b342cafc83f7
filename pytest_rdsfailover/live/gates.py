"""The gates before every trigger: pure functions that return why they are closed, empty if open.

All must be open. A fact that is not known closes its gate, and so does an error inside a gate.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pytest_rdsfailover.live.consent import why_no_consent
from pytest_rdsfailover.live.evidence import GateEvidence, learned
from pytest_rdsfailover.live.facts import ClusterFacts
from pytest_rdsfailover.live.permissions import JUDGES
from pytest_rdsfailover.live.windows import SOON, in_window, within
from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.errors import RdsFailoverError, public
from pytest_rdsfailover.model.live_settings import SYSTEM_SCHEMAS

CLOCKS_APART = 5.0  # seconds; an event dated further ahead is not explained by differing clocks


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedGate:
    """A gate that is closed, and why."""

    gate: str
    why: str

    def __str__(self) -> str:
        return f"{self.gate}: {self.why}"


@public
class RefusedError(RdsFailoverError):
    """The gates do not let a failover be triggered; nothing was changed."""

    def __init__(self, cluster: str, refusals: tuple[ClosedGate, ...]) -> None:
        super().__init__(cluster, refusals)
        self.cluster, self.refusals = cluster, refusals

    def __str__(self) -> str:
        whys = "".join(f"\n  {refusal}" for refusal in self.refusals)
        return f"no failover of {self.cluster} is triggered:{whys}"


def identity(evidence: GateEvidence) -> str:
    """Gate 1: the caller's account, the cluster's account and region are those that were named."""
    asked, account, cluster = evidence.asked, evidence.account, evidence.cluster
    if account is None:
        return "who is calling could not be learned from STS"
    if account != asked.account:
        return f"the credentials belong to account {account}, not to {asked.account}"
    if cluster is None:
        return f"the cluster {asked.cluster} could not be described"
    parts = cluster.arn.split(":")
    if parts[3:5] != [asked.region, asked.account] or cluster.id != asked.cluster:
        return f"{cluster.arn} is not {asked.cluster} in {asked.region}"
    return ""


def consent(evidence: GateEvidence) -> str:
    """Gate 2: every cluster that is touched carries the opt-in tag and is not production."""
    asked, green = evidence.asked, evidence.green
    whys = (
        why_no_consent(asked, cluster, twin_of=evidence.home.id if cluster is green else None)
        for cluster in evidence.touched
    )
    return "; ".join(filter(None, whys))


def state(evidence: GateEvidence) -> str:
    """Gate 3: healthy Aurora MySQL clusters with an instance to promote, outside their windows."""
    green = evidence.green
    return (
        _unfit(evidence, evidence.home)
        or ("" if green is None else _of(green, _unfit(evidence, green)))
        or ("nothing is planned" if evidence.plan is None else "")
        or _target(evidence)
        or _windows(evidence)
    )


def _of(cluster: ClusterFacts, why: str) -> str:
    return why and f"{cluster.id}: {why}"


def _unfit(evidence: GateEvidence, cluster: ClusterFacts) -> str:
    """Return what is wrong with a cluster by itself; empty for nothing."""
    writers, bound = cluster.writers, _bound(evidence, cluster)
    fewest = 1 if evidence.asked.trigger == "blue-green" else 2  # green has the instance to promote
    down = [
        f"{member.id} is {member.status}"
        for member in cluster.members
        if member.status != "available"
    ]
    pending = [
        *cluster.pending,
        *(f"{what} of {member.id}" for member in cluster.members for what in member.pending),
    ]
    reasons = [
        (cluster.engine != "aurora-mysql", f"its engine is {cluster.engine}, not aurora-mysql"),
        (cluster.engine_mode == "serverless", "Aurora Serverless v1 has no instance to promote"),
        (cluster.status != "available", f"its status is {cluster.status}, not available"),
        (len(cluster.members) < fewest, "it has no reader to promote"),
        (len(writers) != 1, f"it has {len(writers)} writers: {', '.join(writers) or 'none'}"),
        (bool(down), "; ".join(down)),
        (bool(bound), f"it is bound to {bound}, which may be in another region"),
        (bool(pending), f"modifications are pending: {', '.join(pending)}"),
    ]
    return next((why for wrong, why in reasons if wrong), "")


def _bound(evidence: GateEvidence, cluster: ClusterFacts) -> str:
    """Return what a cluster is bound to that is no part of what was asked for; empty for nothing."""
    asked, green = evidence.asked, evidence.green
    if green is not None:
        twin = evidence.home.arn if cluster is green else green.arn
        return ", ".join(sorted({cluster.abroad, *cluster.replicas} - {"", twin}))
    is_asked = asked.trigger == "switchover" and cluster.abroad == asked.global_cluster
    return "" if is_asked else cluster.abroad


def _target(evidence: GateEvidence) -> str:
    target = None if evidence.plan is None else evidence.plan.target
    if target is None or evidence.green is not None:
        return ""
    member = evidence.home.member(target)
    if member is None:
        return f"{target} is no instance of this cluster"
    return f"{target} is the writer already" if member.writer else ""


def _windows(evidence: GateEvidence) -> str:
    windows = [
        (name, text, owner)
        for cluster in evidence.touched
        for name, text, owner in (
            ("backup", cluster.backup_window, cluster.id),
            ("maintenance", cluster.maintenance_window, cluster.id),
            *(("maintenance", member.maintenance_window, member.id) for member in cluster.members),
        )
    ]
    whys = (
        f"the {name} window {text} UTC of {owner} is open, or opens within {SOON.seconds // 60} min"
        for name, text, owner in windows
        if text and in_window(text, evidence.now)
    )
    return next(whys, "")


def proxy(evidence: GateEvidence) -> str:
    """Gate 4: the proxy follows this cluster, is available, and takes clients with our TLS."""
    asked, facts = evidence.asked, evidence.proxy
    if asked.proxy is None:
        return ""
    if facts is None:
        return f"the proxy {asked.proxy} could not be described"
    reasons = [
        (facts.status != "available", f"its status is {facts.status}, not available"),
        (facts.engine != "MYSQL", f"its engine family is {facts.engine}, not MYSQL"),
        (facts.tracked != asked.cluster, f"it follows {facts.tracked or 'no cluster'}"),
        (facts.available == 0, "none of its targets is AVAILABLE"),
        (facts.require_tls and asked.tls == "off", "it requires TLS, which is off"),
    ]
    return next((f"{facts.name}: {why}" for wrong, why in reasons if wrong), "")


def alarms(evidence: GateEvidence) -> str:
    """Gate 5: every alarm that should stop us exists and is OK."""
    states = learned(evidence.alarms, "the alarms") if evidence.asked.alarms else {}
    states = {name: states.get(name, "not there") for name in evidence.asked.alarms}
    wrong = [f"{name} is {value}" for name, value in states.items() if value != "OK"]
    return "; ".join(wrong)


def budget(evidence: GateEvidence) -> str:
    """Gate 6: few failovers, far apart, within the allowed time, and no kill switch."""
    asked, now = evidence.asked, evidence.now.timestamp()
    if learned(evidence.killed, "the kill switch"):
        return f"the kill switch {asked.kill_switch} is there"
    if evidence.used >= asked.max_failovers:
        return f"{evidence.used} of {asked.max_failovers} failovers of this session are used"
    if asked.max_time is not None and evidence.session_age > asked.max_time:
        return f"the session is older than {format_duration(asked.max_time)}"
    if asked.hours is not None and not within(asked.hours, evidence.now):
        return f"{evidence.now:%H:%M} UTC is outside of {asked.hours}"
    recent = [now - at for at in evidence.failovers if now - at < asked.min_interval]
    return _too_soon(min(recent), asked.min_interval) if recent and asked.min_interval > 0 else ""


def _too_soon(ago: float, interval: float) -> str:
    """Say how long ago the last failover was; a negative time lies ahead."""
    if ago < -CLOCKS_APART:
        return f"its last failover is dated {format_duration(-ago)} ahead: a clock is wrong"
    # AWS' clock is known only to a second, so a failover that has just ended may seem to lie ahead.
    return (
        f"its last failover was {format_duration(max(0.0, ago))} ago, and"
        f" {format_duration(interval)} must lie between two"
    )


def exclusive(evidence: GateEvidence) -> str:
    """Gate 7: we hold the lock, so that nobody else on this machine triggers or measures now."""
    return "" if evidence.exclusive else "the lock of this cluster is not ours"


def dry_run(evidence: GateEvidence) -> str:
    """Gate 8: a dry run only describes."""
    return "this is a dry run" if evidence.asked.dry_run else ""


def unchanged(evidence: GateEvidence) -> str:
    """Gate 9: the cluster, read again just now, is still what the plan was made for."""
    plan, writers = evidence.plan, evidence.home.writers
    if plan is None:
        return "nothing is planned"
    if writers != (plan.writer,):
        return f"the writer was {plan.writer} when this was planned, now it is {', '.join(writers)}"
    green = evidence.green
    if green is not None and green.writers != (plan.target,):
        now = ", ".join(green.writers) or "nobody"
        return f"the writer of {green.id} was {plan.target} when this was planned, now it is {now}"
    return ""


def traceable(evidence: GateEvidence) -> str:
    """Gate 10: the trigger can be recorded, and the load keeps to a schema of the user's own."""
    if evidence.recordable:
        return f"the audit record cannot be written: {evidence.recordable}"
    if evidence.asked.schema.lower() in SYSTEM_SCHEMAS or not evidence.asked.schema:
        return f"{evidence.asked.schema!r} is no schema to write to"
    return ""


def permission(evidence: GateEvidence) -> str:
    """The trigger itself: a destructive one has its flag, and it acts on this cluster only."""
    asked = evidence.asked
    if not asked.allows_trigger:
        return f"{asked.trigger} needs --rds-allow-{asked.trigger}"
    judge = JUDGES.get(asked.trigger)
    return "" if judge is None else judge(evidence)


Gate = Callable[[GateEvidence], str]
GATES: tuple[Gate, ...] = (
    identity, consent, state, proxy, alarms, budget, exclusive, dry_run, unchanged, traceable,
    permission,
)  # fmt: skip


def refusals(evidence: GateEvidence, gates: tuple[Gate, ...] = GATES) -> tuple[ClosedGate, ...]:
    """Return every closed gate; a trigger is allowed only if there is none."""
    unknown = [ClosedGate(gate="evidence", why=why) for why in evidence.unknown]
    judged = [ClosedGate(gate=gate.__name__, why=_judge(gate, evidence)) for gate in gates]
    return tuple(unknown + [refusal for refusal in judged if refusal.why])


def _judge(gate: Gate, evidence: GateEvidence) -> str:
    try:
        return gate(evidence)
    except Exception as error:  # noqa: BLE001 - a gate that cannot judge stays closed
        return f"could not be judged: {error or type(error).__name__}"
