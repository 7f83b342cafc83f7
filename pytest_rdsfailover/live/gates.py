"""The gates before every trigger, as pure functions: each says why not, or nothing.

All must pass. What is not known closes a gate, and so does an error inside one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pytest_rdsfailover.live.evidence import GateEvidence
from pytest_rdsfailover.live.facts import ClusterFacts
from pytest_rdsfailover.live.windows import SOON, in_window, within
from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.errors import RdsFailoverError
from pytest_rdsfailover.model.live_settings import DESTRUCTIVE, SYSTEM_SCHEMAS, LiveSettings

PRODUCTION = re.compile(r"(?:^|[^a-z0-9])(?:prod|prd|production)(?:[^a-z0-9]|$|\d)", re.IGNORECASE)
STAGE_TAGS = frozenset({"env", "environment", "stage", "tier", "name"})
REFUSALS = frozenset({"false", "no", "never", "deny", "denied"})
FIS_ACTIONS = frozenset({"aws:rds:failover-db-cluster", "aws:rds:reboot-db-instances"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedGate:
    """A gate that is closed, and why."""

    gate: str
    why: str

    def __str__(self) -> str:
        return f"{self.gate}: {self.why}"


class RefusedError(RdsFailoverError):
    """The gates do not let a failover be triggered; nothing was changed."""

    def __init__(self, cluster: str, refusals: tuple[ClosedGate, ...]) -> None:
        super().__init__(cluster, refusals)
        self.cluster, self.refusals = cluster, refusals

    def __str__(self) -> str:
        whys = "".join(f"\n  {refusal}" for refusal in self.refusals)
        return f"no failover of {self.cluster} is triggered, and nothing was changed:{whys}"


def identity(it: GateEvidence) -> str:
    """Gate 1: the caller's account, the cluster's account and region are those that were named."""
    if it.account is None:
        return "who is calling could not be learned from STS"
    if it.account != it.asked.account:
        return f"the credentials belong to account {it.account}, not to {it.asked.account}"
    if it.cluster is None:
        return f"the cluster {it.asked.cluster} could not be described"
    parts = it.cluster.arn.split(":")
    if parts[3:5] != [it.asked.region, it.asked.account] or it.cluster.id != it.asked.cluster:
        return f"{it.cluster.arn} is not {it.asked.cluster} in {it.asked.region}"
    return ""


def consent(it: GateEvidence) -> str:
    """Gate 2: every cluster that is touched carries the opt-in tag and is not production."""
    touched = [_known(it)] + ([it.world.target] if it.world else [])
    whys = (_consent(it.asked, cluster) for cluster in touched)
    return next((why for why in whys if why), "")


def _consent(asked: LiveSettings, cluster: ClusterFacts) -> str:
    key, _, value = asked.opt_in.partition("=")
    found = cluster.tags.get(key)
    if (found or "").lower() in REFUSALS:
        return f"the tag {key}={found} of {cluster.id} forbids it"
    if found != value:
        return f"{cluster.id} must carry the tag {key}={value}, yet has {found or 'none such'}"
    signs = production_signs(cluster)
    if signs and asked.production_override != cluster.id:
        return (
            f"{cluster.id} looks like production ({', '.join(signs)}); only"
            f" --rds-production-override={cluster.id} would allow it"
        )
    return ""


def production_signs(cluster: ClusterFacts) -> list[str]:
    """Return what makes a cluster look like production."""
    names = [cluster.id, *(member.id for member in cluster.members)]
    signs = [f"named {name}" for name in names if PRODUCTION.search(name)]
    return signs + [
        f"tag {key}={value}"
        for key, value in cluster.tags.items()
        if PRODUCTION.search(value) and (key.lower() in STAGE_TAGS or "env" in key.lower())
    ]


def state(it: GateEvidence) -> str:
    """Gate 3: a healthy Aurora MySQL cluster with somebody to promote, at a quiet time."""
    cluster = _known(it)
    writers, plan = cluster.writers, it.plan
    down = [f"{one.id} is {one.status}" for one in cluster.members if one.status != "available"]
    reasons = [
        (cluster.engine != "aurora-mysql", f"its engine is {cluster.engine}, not aurora-mysql"),
        (cluster.engine_mode == "serverless", "Aurora Serverless v1 has no instance to promote"),
        (cluster.status != "available", f"its status is {cluster.status}, not available"),
        (len(cluster.members) < 2, "it has no reader to promote"),  # noqa: PLR2004 - writer and reader
        (len(writers) != 1, f"it has {len(writers)} writers: {', '.join(writers) or 'none'}"),
        (bool(down), "; ".join(down)),
        (_abroad(it), f"it is bound to {cluster.abroad}, in other regions, too"),
        (bool(cluster.pending), f"modifications are pending: {', '.join(cluster.pending)}"),
        (plan is None, "nothing is planned"),
    ]
    return next((why for wrong, why in reasons if wrong), "") or _target(it) or _windows(it)


def _abroad(it: GateEvidence) -> bool:
    """Tell whether other regions depend on the cluster, and no switchover between them is asked."""
    bound, asked = _known(it).abroad, it.asked
    return bool(bound) and (asked.trigger != "switchover" or bound != asked.global_cluster)


def _target(it: GateEvidence) -> str:
    target = None if it.plan is None else it.plan.target
    if target is None:
        return ""
    member = _known(it).member(target)
    if member is None:
        return f"{target} is no instance of this cluster"
    return f"{target} is the writer already" if member.writer else ""


def _windows(it: GateEvidence) -> str:
    cluster = _known(it)
    for name, text in (
        ("backup", cluster.backup_window), ("maintenance", cluster.maintenance_window)
    ):  # fmt: skip
        if text and in_window(text, it.now):
            return f"its {name} window {text} UTC is open, or opens within {SOON.seconds // 60} min"
    return ""


def proxy(it: GateEvidence) -> str:
    """Gate 4: the proxy follows this cluster, is available and takes clients as we come."""
    if it.asked.proxy is None:
        return ""
    found = it.proxy
    if found is None:
        return f"the proxy {it.asked.proxy} could not be described"
    reasons = [
        (found.status != "available", f"its status is {found.status}, not available"),
        (found.engine != "MYSQL", f"its engine family is {found.engine}, not MYSQL"),
        (found.tracked != it.asked.cluster, f"it follows {found.tracked or 'no cluster'}"),
        (found.available == 0, "none of its targets is AVAILABLE"),
        (found.require_tls and it.asked.tls == "off", "it requires TLS, which is off"),
    ]
    return next((f"{found.name}: {why}" for wrong, why in reasons if wrong), "")


def alarms(it: GateEvidence) -> str:
    """Gate 5: every alarm that should stop us exists and is OK."""
    states = {name: it.alarms.get(name, "not there") for name in it.asked.alarms}
    wrong = [f"{name} is {found}" for name, found in states.items() if found != "OK"]
    return "; ".join(wrong)


def budget(it: GateEvidence) -> str:
    """Gate 6: few failovers, far apart, within the allowed time, and no kill switch."""
    asked, now = it.asked, it.now.timestamp()
    if it.killed:
        return f"the kill switch {asked.kill_switch} is there"
    if it.used >= asked.max_failovers:
        return f"{it.used} of {asked.max_failovers} failovers of this session are used"
    if asked.max_time is not None and it.session_age > asked.max_time:
        return f"the session is older than {format_duration(asked.max_time)}"
    if asked.hours is not None and not within(asked.hours, it.now):
        return f"{it.now:%H:%M} UTC is outside of {asked.hours}"
    recent = [now - at for at in it.failovers if now - at < asked.min_interval]
    # AWS' clock is known to a second only, so that what just ended may seem to lie ahead.
    if recent and asked.min_interval > 0:
        return (
            f"its last failover was {format_duration(max(0.0, min(recent)))} ago, and"
            f" {format_duration(asked.min_interval)} must lie between two"
        )
    return ""


def exclusive(it: GateEvidence) -> str:
    """Gate 7: nobody else on this machine may trigger or measure meanwhile."""
    return "" if it.exclusive else "the lock of this cluster is not ours"


def dry_run(it: GateEvidence) -> str:
    """Gate 8: a dry run only describes."""
    return "this is a dry run" if it.asked.dry_run else ""


def unchanged(it: GateEvidence) -> str:
    """Gate 9: the cluster, read again just now, is still what the plan was made for."""
    plan, writers = it.plan, _known(it).writers
    if plan is None:
        return "nothing is planned"
    if writers != (plan.writer,):
        return f"the writer was {plan.writer} when this was planned, now it is {', '.join(writers)}"
    return ""


def traceable(it: GateEvidence) -> str:
    """Gate 10: the act can be recorded, and the load keeps to a schema of the user's."""
    if it.recordable:
        return f"the audit record cannot be written: {it.recordable}"
    if it.asked.schema.lower() in SYSTEM_SCHEMAS or not it.asked.schema:
        return f"{it.asked.schema!r} is no schema to write to"
    return ""


def permission(it: GateEvidence) -> str:
    """The trigger itself: a destructive one has its flag, and it acts on nothing but this."""
    asked = it.asked
    if asked.trigger in DESTRUCTIVE and not getattr(asked, f"allow_{asked.trigger}"):
        return f"{asked.trigger} needs --rds-allow-{asked.trigger}"
    judge = {"fis": _experiment, "switchover": _switchover}.get(asked.trigger)
    return "" if judge is None else judge(it)


def _switchover(it: GateEvidence) -> str:
    asked, world = it.asked, it.world
    if world is None:
        return f"the global database {asked.global_cluster} could not be described"
    ours, to = _known(it).arn, asked.switchover_to
    names = [member.id for member in _known(it).members]
    reasons = [
        (world.id != asked.global_cluster, f"{world.id} is not {asked.global_cluster}"),
        (world.status != "available", f"{world.id} is {world.status}, not available"),
        (world.primary != ours, f"the primary of {world.id} is {world.primary}, not {ours}"),
        (to not in world.secondaries, f"{to} is no secondary cluster of {world.id}"),
        (world.target.arn != to, f"{world.target.arn} was described, not {to}"),
        (to.split(":")[4] != asked.account, f"{to} is not in account {asked.account}"),
        (len(set(names)) < len(names), "instances of both regions have one name"),
    ]
    return next((why for wrong, why in reasons if wrong), "")


def _experiment(it: GateEvidence) -> str:
    asked = it.asked
    if it.experiment is None:
        return f"the experiment template {asked.fis_template} could not be described"
    arns, actions = it.experiment
    ours = {_known(it).arn, *(member.arn for member in _known(it).members)}
    if not arns or not arns <= ours:
        return f"the experiment may act on {', '.join(sorted(arns - ours)) or 'nothing'}"
    if "aws:rds:reboot-db-instances" in actions and not asked.allow_reboot:
        return "the experiment reboots instances, which needs --rds-allow-reboot"
    return "" if actions <= FIS_ACTIONS else f"it does more: {', '.join(sorted(actions))}"


Gate = Callable[[GateEvidence], str]
GATES: tuple[Gate, ...] = (
    identity, consent, state, proxy, alarms, budget, exclusive, dry_run, unchanged, traceable,
    permission,
)  # fmt: skip


class UnknownError(Exception):
    """A gate needs what could not be learned."""


def _known(it: GateEvidence) -> ClusterFacts:
    if it.cluster is None:
        raise UnknownError("the cluster could not be described")
    return it.cluster


def refusals(it: GateEvidence, gates: tuple[Gate, ...] = GATES) -> tuple[ClosedGate, ...]:
    """Return every closed gate; only if there is none may anything be triggered."""
    unknown = [ClosedGate(gate="evidence", why=why) for why in it.unknown]
    found = [ClosedGate(gate=gate.__name__, why=_judge(gate, it)) for gate in gates]
    return tuple(unknown + [refusal for refusal in found if refusal.why])


def _judge(gate: Gate, it: GateEvidence) -> str:
    try:
        return gate(it)
    except Exception as error:  # noqa: BLE001 - a gate that cannot judge stays closed
        return f"could not be judged: {error or type(error).__name__}"
