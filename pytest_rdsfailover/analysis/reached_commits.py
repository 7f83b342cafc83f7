"""Whether what reached the cluster was committed there, or refused, where its own side can see it."""

from collections.abc import Mapping

from pytest_rdsfailover.analysis.reached_keys import (
    Acked,
    batch,
    missing,
    named,
    tolerated,
    why_lacking,
)
from pytest_rdsfailover.model.target import Traffic

REMEDY = (
    "commit before the workload returns: connection.commit(), session.commit(), or autocommit=True"
)


def why_uncommitted(seen: Mapping[str, Traffic], acked: Acked) -> str:
    """Return which acknowledged writes are in transactions that nobody committed; empty if none are.

    Args:
        seen: what came to each endpoint.
        acked: the acknowledged writes.
    """
    anywhere = Traffic.total(list(seen.values()))
    lacking = {
        writer: min(count, anywhere.uncommitted_keys.get(writer, 0))
        for writer, count in missing(anywhere, acked).items()
    }
    count, total = sum(lacking.values()), sum(acked.values())
    if count <= tolerated(total) + batch(anywhere) * len(acked):
        return ""
    whose = named([writer for writer, number in lacking.items() if number])
    return (
        f"{count} of {total} acknowledged writes ({whose}) reached the cluster and were never"
        f" committed; {REMEDY}"
    )


def why_early(seen: Traffic, acked: Acked, ahead: int) -> str:
    """Return how many writes were acknowledged before the cluster confirmed them; empty if few were.

    Args:
        seen: what came to all endpoints in the end.
        acked: the acknowledged writes.
        ahead: the most of them that lacked their confirmation at one look.
    """
    if ahead <= tolerated(sum(acked.values())) + batch(seen) * len(acked) or why_lacking(
        seen, acked
    ):
        return ""
    return (
        f"{ahead} writes were acknowledged at one time that the cluster confirmed only later: the"
        " workload returns before its work is done, in a thread, a task or a queue; wait for it there"
    )


def why_hidden_unsaved(seen: Traffic, total: int, *, fewest: float) -> str:
    """Return that writes without readable keys were not committed, or all refused; empty if not so.

    Args:
        seen: what came to the load's endpoint.
        total: how many writes were acknowledged.
        fewest: how many committed statements for each of them may be what carried it.
    """
    if seen.writes >= fewest * total:
        return ""
    if seen.uncommitted >= fewest * total:
        return (
            f"{total} writes count as acknowledged, {seen.uncommitted} statements wrote and were never"
            f" committed, {seen.writes} were; {REMEDY}"
        )
    if seen.refused >= fewest * total:
        return (
            f"{total} writes count as acknowledged, {seen.refused} statements that write were refused"
            f" by the cluster, {seen.writes} were not: the workload acknowledges what has failed; let"
            " it raise its errors"
        )
    return ""
