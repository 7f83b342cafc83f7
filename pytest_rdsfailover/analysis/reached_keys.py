"""Which writers' keys the cluster's own side has seen, where it can see them."""

import math
from collections.abc import Mapping

from pytest_rdsfailover.model.traffic import Traffic

Acked = Mapping[str, int]  # acknowledged writes by the number of their writer
# Of the writes. An answer is counted before its client can have it, so none should be missing at all.
TOLERATED = 0.001
SLACK = 2
CHANCE = 1e-6  # of a writer without any key among writers of whose keys only some can be seen
MOST_SEEN = 0.99  # the share of seen keys that is never taken for more
MOST_NAMED = 8
# Statements for each acknowledged write, below which they are somebody else's: a test that watches the
# cluster beside its load sends some, an application whose batches are larger than ten writes carries
# the keys, and is known by these.
FEWEST_STATEMENTS = 0.1


def tolerated(acked: float) -> float:
    """Return how many of so many acknowledged writes may lack their confirmation."""
    return max(SLACK, TOLERATED * acked)


def why_unseen(anywhere: Traffic, acked: Acked) -> str:
    """Return which writers' keys came nowhere, though those of others did; empty if none are missing.

    Args:
        anywhere: what came to all endpoints.
        acked: the acknowledged writes.
    """
    if not anywhere.keys:
        return ""
    shown = [writer for writer in acked if anywhere.keys.get(writer)]
    share = sum(anywhere.keys[writer] for writer in shown) / max(
        1, sum(acked[writer] for writer in shown)
    )
    hidden_by_chance = 1 - min(share, MOST_SEEN)
    gone = [
        writer
        for writer, count in acked.items()
        if writer not in shown and count > batch(anywhere) and hidden_by_chance**count < CHANCE
    ]
    if gone:
        lost = sum(acked[writer] for writer in gone)
        return (
            f"{named(gone)} acknowledged {lost} writes, and no statement with a key of theirs came"
            " to the cluster, while the keys of others did: they write elsewhere, or nowhere"
        )
    lacking = why_lacking(anywhere, acked)
    count = sum(missing(anywhere, acked).values())
    if not lacking or anywhere.writes >= FEWEST_STATEMENTS * count:
        return ""
    return (
        f"the keys of {lacking} were in no statement that the cluster confirmed, though such keys can"
        " be read: the workload writes elsewhere, or nowhere, or after it has returned"
    )


def why_elsewhere(where: str, near: Traffic, anywhere: Traffic) -> str:
    """Return which writers' keys came to other endpoints only; empty if there are none.

    Args:
        where: the load's endpoint in words.
        near: what came there, or to the instances behind it.
        anywhere: what came to all endpoints.
    """
    away = [name for name, count in anywhere.keys.items() if count and not near.keys.get(name)]
    if not away or not any(near.keys.values()):
        return ""
    return f"nothing of {named(away)} came to {where}, but to others"


def astray(near: Traffic, anywhere: Traffic) -> int:
    """Return how many keys came to other endpoints than the load's and the instances behind it."""
    return sum(max(0, count - near.keys.get(name, 0)) for name, count in anywhere.keys.items())


def why_lacking(seen: Traffic, acked: Acked) -> str:
    """Return how many acknowledged writes lack their confirmation, and whose; empty if few do."""
    return counted(missing(seen, acked), seen, acked)


def counted(lacking: Mapping[str, int], seen: Traffic, acked: Acked) -> str:
    """Return how many acknowledged writes of each writer lack something; empty if these may be under way."""
    count, total = sum(lacking.values()), sum(acked.values())
    if count <= under_way(seen, acked):
        return ""
    return f"{count} of {total} acknowledged writes ({named(list(lacking))})"


def under_way(seen: Traffic, acked: Acked) -> float:
    """Return how many acknowledged writes may lack their confirmation, where some wait for a batch."""
    return tolerated(sum(acked.values())) + batch(seen) * len(acked)


def missing(seen: Traffic, acked: Acked) -> dict[str, int]:
    """Return how many acknowledged writes of each writer lack their confirmation."""
    lacking = {writer: count - seen.keys.get(writer, 0) for writer, count in acked.items()}
    return {writer: count for writer, count in lacking.items() if count > 0}


def least(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Return the smaller count of each writer that both have."""
    found = {writer: min(count, other.get(writer, 0)) for writer, count in one.items()}
    return {writer: count for writer, count in found.items() if count}


def batch(seen: Traffic) -> int:
    """Return how many keys may wait for the transaction that carries them; 0 if each has its own."""
    carriers = seen.commits or seen.marked
    # A key whose answer was lost counts without a commit: each writer may have had one such.
    keys = sum(seen.keys.values()) - len(seen.keys)
    return math.ceil(2 * keys / carriers) if carriers and keys > carriers else 0


def named(writers: list[str]) -> str:
    """Return writers in words, the first of many."""
    more = f" and {len(writers) - MOST_NAMED} more" if len(writers) > MOST_NAMED else ""
    word = "writer" if len(writers) == 1 else "writers"
    return f"{word} {', '.join(writers[:MOST_NAMED])}{more}"
