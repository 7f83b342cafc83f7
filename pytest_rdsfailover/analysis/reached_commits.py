"""Whether what reached the cluster was committed there, or refused, where its own side can see it."""

from collections.abc import Mapping

from pytest_rdsfailover.analysis.reached_keys import (
    FEWEST_STATEMENTS,
    Acked,
    counted,
    least,
    missing,
    under_way,
    why_lacking,
)
from pytest_rdsfailover.model.traffic import SERVER, Traffic

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
    told = counted(lacking, anywhere, acked)
    return told and f"{told} reached the cluster and were never committed; {REMEDY}"


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
    told = counted(lacking, anywhere, acked)
    # Others may have done it that hide their key.
    elsewhere = anywhere.writes >= FEWEST_STATEMENTS * sum(lacking.values())
    return "" if elsewhere or not told else f"{told} reached the cluster and {CHANGED_NONE}"


def why_only_read(seen: Mapping[str, Traffic], acked: Acked, changed: int | None) -> str:
    """Return that a load stores nothing, for the server has changed hardly any row; else empty.

    It tells a question from a function that writes, and a procedure that stores from one that hides its
    error.

    Args:
        seen: what came to each endpoint.
        acked: the acknowledged writes.
        changed: how many rows the server has changed, of all clients; None if that is not known.
    """
    total = sum(acked.values())
    due = total if SERVER in seen else _due(Traffic.total(list(seen.values())), total)
    if changed is None or due < FEWEST or changed >= FEWEST_ROWS * due:
        return ""
    return (
        f"{total} writes count as acknowledged, and the server changed {changed} rows meanwhile, those of"
        " all other clients among them: the workload only reads, or does nothing; let it write what it"
        " acknowledges, and pass on the errors that a procedure handles"
    )


def _due(seen: Traffic, total: int) -> int:
    """Return how many rows should have changed at least, as far as statements can tell.

    Those are one for each transaction with a key, or where no key is readable each statement that
    writes. Keys that are in questions alone may be written by functions.
    """
    asked, stored = sum(seen.keys.values()), sum(seen.stored_keys.values())
    if stored:
        return seen.commits
    return total if asked >= MOST_ASKED * total else seen.writes


def why_early(seen: Traffic, acked: Acked, ahead: int) -> str:
    """Return how many writes were acknowledged before the cluster confirmed them; empty if few were.

    Args:
        seen: what came to all endpoints in the end.
        acked: the acknowledged writes.
        ahead: the most of them that lacked their confirmation at one look.
    """
    if ahead <= under_way(seen, acked) or why_lacking(seen, acked):
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
