"""Whether what reached the cluster was committed there, or refused, where its own side can see it."""

from collections.abc import Mapping

from pytest_rdsfailover.analysis.reached_keys import (
    FEWEST_STATEMENTS,
    Acked,
    batch,
    least,
    missing,
    named,
    tolerated,
    why_lacking,
)
from pytest_rdsfailover.model.target import SERVER, Traffic

FEWEST = 20  # acknowledged writes; of fewer, nobody knows what they usually do
MOST_ASKED = 0.9  # of their keys in questions, as far as these can be read
FEWEST_ROWS = 0.1  # changed by the server for each of them; one row may store several writes
CHANGED_NONE = "changed no row that lasts: an UPDATE, a DELETE or an INSERT that meets nothing, or a temporary table"
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
    lacking = least(missing(anywhere, acked), anywhere.uncommitted_keys)
    count, total = sum(lacking.values()), sum(acked.values())
    if count <= tolerated(total) + batch(anywhere) * len(acked):
        return ""
    whose = named(list(lacking))
    return (
        f"{count} of {total} acknowledged writes ({whose}) reached the cluster and were never"
        f" committed; {REMEDY}"
    )


def why_unsaved(seen: Mapping[str, Traffic], acked: Acked) -> str:
    """Return which acknowledged writes reached the cluster and are not kept there; empty if none.

    Args:
        seen: what came to each endpoint.
        acked: the acknowledged writes.
    """
    return why_uncommitted(seen, acked) or _why_unchanged(seen, acked)


def _why_unchanged(seen: Mapping[str, Traffic], acked: Acked) -> str:
    anywhere = Traffic.total(list(seen.values()))
    lacking = least(missing(anywhere, acked), anywhere.unchanged_keys)
    count, total = sum(lacking.values()), sum(acked.values())
    if count <= tolerated(total) + batch(anywhere) * len(acked):
        return ""
    if anywhere.writes >= FEWEST_STATEMENTS * count:  # others may have done it that hide their key
        return ""
    whose = named(list(lacking))
    return (
        f"{count} of {total} acknowledged writes ({whose}) reached the cluster and {CHANGED_NONE}"
    )


def why_only_read(seen: Mapping[str, Traffic], acked: Acked, changed: int | None) -> str:
    """Return that a load stores nothing: its keys are in questions only; of a real cluster, any load.

    Functions that a SELECT calls may write; then the server has changed rows.

    Args:
        seen: what came to each endpoint.
        acked: the acknowledged writes.
        changed: how many rows the server has changed, of all clients; None if that is not known.
    """
    total = sum(acked.values())
    if changed is None or total < FEWEST or changed >= FEWEST_ROWS * total:
        return ""
    anywhere = Traffic.total(list(seen.values()))
    asked, stored = sum(anywhere.keys.values()), sum(anywhere.stored_keys.values())
    if SERVER not in seen and (stored or asked < MOST_ASKED * total):
        return ""
    return (
        f"{total} writes count as acknowledged, and the server changed {changed} rows meanwhile, those of"
        " all other clients among them: the workload only reads, or does nothing; let it write what it"
        " acknowledges"
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


def why_hidden_unsaved(seen: Traffic, total: int) -> str:
    """Return that writes without readable keys were not committed, or all refused; empty if not so.

    Args:
        seen: what came to the load's endpoint.
        total: how many writes were acknowledged.
    """
    fewest = FEWEST_STATEMENTS * total
    in_batches, kept = seen.rows >= fewest, seen.writes > seen.uncommitted
    if seen.writes >= fewest or (in_batches and kept):
        return ""
    if seen.uncommitted >= fewest or (in_batches and seen.uncommitted > seen.unchanged):
        return (
            f"{total} writes count as acknowledged, {seen.uncommitted} statements wrote and were never"
            f" committed, {seen.writes} were; {REMEDY}"
        )
    if seen.unchanged >= fewest:
        return (
            f"{total} writes count as acknowledged, and {seen.unchanged} statements {CHANGED_NONE}; of"
            f" those that do, there were {seen.writes}"
        )
    if seen.refused >= fewest:
        return (
            f"{total} writes count as acknowledged, {seen.refused} statements that write were refused"
            f" by the cluster, {seen.writes} were not: the workload acknowledges what has failed; let"
            " it raise its errors"
        )
    return ""
