"""Whether writes whose keys nobody can read go on reaching the cluster as they did in the calm."""

from pytest_rdsfailover.analysis.reached_keys import Acked, tolerated
from pytest_rdsfailover.model.traffic import Traffic

FEWEST = 20  # acknowledged writes of the calm; of fewer, nobody knows what they usually do


def lacking_hidden(before: Traffic, after: Traffic, calm: Acked, acked: Acked) -> int:
    """Return how many acknowledged writes reached the cluster neither as a statement nor as a row.

    Nothing can be compared unless there was at least one of either for each write of the calm.

    Args:
        before: what had come when the calm was looked at.
        after: what had come when the load ended.
        calm: the acknowledged writes of the calm.
        acked: those of the whole load.
    """
    known, later = sum(calm.values()), sum(acked.values()) - sum(calm.values())
    if before.marked or after.marked or known < FEWEST:
        return 0
    since = after.minus(before)
    found = [
        count(since) for count in (_statements, _rows) if count(before) >= known - tolerated(known)
    ]
    missing = later - max(found, default=later)
    return missing if missing > tolerated(later) + len(acked) else 0


def _statements(seen: Traffic) -> int:
    return seen.writes + seen.unchanged + seen.unanswered


def _rows(seen: Traffic) -> int:
    return seen.rows + seen.unanswered
