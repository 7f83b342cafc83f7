"""Describes what a trigger would do, and which gates are closed; triggers nothing."""

from pytest_rdsfailover.live import gates
from pytest_rdsfailover.live.evidence import GateEvidence
from pytest_rdsfailover.live.gatherer import Gatherer

EXPECTED = "expected: open sessions of the writer end, no writes for 5 to 15 s, up to 30 s"
SWITCHED = (
    "expected: both sides refuse writes, then all sessions end, no writes until DNS leads to green,"
    " some 5 to 20 s; it cannot be switched back, and nothing is deleted"
)


def _of_green(evidence: GateEvidence, tag: str) -> list[str]:
    """Return what is to be said of a blue/green deployment; nothing without one."""
    found = evidence.deployment
    if found is None or found.green is None:
        return []
    return [str(found), f"green {found.green.id}, tag {tag}={found.green.tags.get(tag)}"]


def dry_run(gatherer: Gatherer) -> list[str]:
    """Return the plan and the closed gates as lines, and record them."""
    evidence, asked = gatherer.evidence(None), gatherer.asked
    tag = asked.opt_in.partition("=")[0]
    closed = [
        refusal for refusal in gates.refusals(evidence) if refusal.gate != gates.dry_run.__name__
    ]
    lines = [
        f"dry run: {asked.trigger} of {asked.aim}, account {asked.account}, {asked.region}",
        f"called as {evidence.arn or 'nobody'}",
        f"writer {evidence.plan or 'unknown'}",
        f"tag {tag}={evidence.cluster.tags.get(tag) if evidence.cluster else None}",
        *_of_green(evidence, tag),
        SWITCHED if asked.trigger == "blue-green" else EXPECTED,
        *(f"closed gate: {refusal}" for refusal in closed),
    ]
    if not evidence.recordable:
        gatherer.ledger.record("dry run", arn=evidence.arn, lines=lines)
    return lines
