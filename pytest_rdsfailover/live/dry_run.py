"""What a trigger would do, and what the gates say to it; only describes."""

from pytest_rdsfailover.live import gates
from pytest_rdsfailover.live.gatherer import Gatherer

EXPECTED = "expected: open sessions of the writer end, no writes for 5 to 15 s, up to 30 s"


def dry_run(gatherer: Gatherer) -> list[str]:
    """Return the plan as lines, and record it."""
    found, asked = gatherer.evidence(None), gatherer.asked
    tag = asked.opt_in.partition("=")[0]
    closed = [each for each in gates.refusals(found) if each.gate != gates.dry_run.__name__]
    lines = [
        f"dry run: {asked.trigger} of {asked.aim}, account {asked.account}, {asked.region}",
        f"called as {found.arn or 'nobody'}",
        f"writer {found.plan or 'unknown'}",
        f"tag {tag}={found.cluster.tags.get(tag) if found.cluster else None}",
        EXPECTED,
        *(f"closed gate: {refusal}" for refusal in closed),
    ]
    if not found.recordable:
        gatherer.ledger.record("dry run", arn=found.arn, lines=lines)
    return lines
