"""Whether a load's work reached the cluster, by what the cluster's own side saw of it."""

from collections.abc import Mapping

from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model.target import Traffic

# Statements for each acknowledged write, below which they are somebody else's: a test that watches the
# cluster beside its load sends some, an application whose batches are larger than ten writes carries
# the keys, and is known by these.
FEWEST_STATEMENTS = 0.1
BY_NAME = frozenset(
    {"cluster", "reader"}
)  # endpoints whose names may lead to an instance's address
# Of the writes. An answer is counted before its client can have it, so none should be missing at all.
TOLERATED = 0.001
SLACK = 2


def why_untouched(witnessed: Witnessed, seen: Mapping[str, Traffic], acked: int) -> str:
    """Return why acknowledged writes show nothing of the cluster; empty if they may.

    Args:
        witnessed: what is known of the load's endpoint.
        seen: what came to each endpoint.
        acked: how many writes were acknowledged in the same time.
    """
    there = _come_to(witnessed, seen)
    marked = {name: traffic.marked for name, traffic in seen.items() if traffic.marked}
    if acked == 0 or there.marked or (marked and there.connections):
        return ""
    where = f"the {witnessed.endpoint} endpoint at {witnessed.address}"
    if marked:
        others = ", ".join(f"{name} ({count} statements)" for name, count in marked.items())
        return f"nothing of the workload came to {where}, but to others: {others}"
    if there.statements >= FEWEST_STATEMENTS * acked:
        return ""
    peers = ", ".join(witnessed.peers)
    used = f"; meanwhile this process was connected to {peers}" if peers else ""
    return (
        f"{acked} writes count as acknowledged, and {there.statements} statements came to {where}"
        f" meanwhile, none with a key of the load: the workload writes elsewhere, or nowhere{used}"
    )


def why_unconfirmed(witnessed: Witnessed, *, calm: int, acked: int) -> str:
    """Return how many acknowledged writes the cluster never confirmed; empty if that may be right.

    Args:
        witnessed: what came to the cluster.
        calm: how many writes were acknowledged when the calm was looked at.
        acked: how many were in the whole load.
    """
    if witnessed.calm is None or calm == 0 or _confirmed(witnessed.calm) < calm:
        return ""  # a statement may carry more than one write: nothing can be compared
    missing = acked - _confirmed(witnessed.whole)
    if missing <= max(SLACK, TOLERATED * acked):
        return ""
    return (
        f"{missing} of {acked} acknowledged writes were never confirmed by the cluster: the workload"
        " acknowledges what has failed; let it raise its errors"
    )


def _come_to(witnessed: Witnessed, seen: Mapping[str, Traffic]) -> Traffic:
    """Return what came to the load's endpoint, or by its name to the instances behind it.

    The names that AWS would use lead to an instance's own address, as DNS does.
    """
    names = [witnessed.endpoint]
    if not witnessed.address[:1].isdigit() and witnessed.endpoint in BY_NAME:
        names += [name for name in seen if name.startswith("instance-")]
    return Traffic.total([seen[name] for name in names if name in seen])


def _confirmed(seen: Mapping[str, Traffic]) -> int:
    return sum(traffic.confirmed for traffic in seen.values())
