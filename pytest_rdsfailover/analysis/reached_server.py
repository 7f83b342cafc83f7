"""Whether a load reached a real cluster, by counts of a server that many others may use as well."""

from pytest_rdsfailover.analysis.reached_commits import REMEDY
from pytest_rdsfailover.model.traffic import Traffic

# Statements, and those that write, for each acknowledged write: with fewer of both a load was
# elsewhere. Batches of a hundred writes are above the latter, and what watches a server below the former.
FEWEST_STATEMENTS, FEWEST_WRITES = 0.1, 0.01
COMMITTED = 0.5  # with fewer commits a load is one that commits by itself, or not at all
MOST = 0.95  # with fewer statements that write, some of the load may have been elsewhere


def why_idle(where: str, server: Traffic, acked: int) -> str:
    """Return why a server that did so little was not the one that was written to; empty if it may be.

    Args:
        where: the load's endpoint in words.
        server: what came to the writer from all its clients.
        acked: how many writes the load had acknowledged by then.
    """
    if server.statements >= FEWEST_STATEMENTS * acked or server.writes >= FEWEST_WRITES * acked:
        return ""
    return (
        f"{acked} writes count as acknowledged, and the writer behind {where} had {server.statements}"
        f" statements from all its clients meanwhile, of which {server.writes} write: the workload"
        " writes elsewhere, or nowhere"
    )


def doubts_of_server(server: Traffic, acked: int) -> list[str]:
    """Return what is to be known of a load whose writer counted fewer writes, or fewer commits."""
    found = (_why_fewer(server, acked), _why_uncommitted(server, acked))
    return [doubt for doubt in found if doubt]


def _why_fewer(server: Traffic, acked: int) -> str:
    if server.writes >= MOST * acked:
        return ""
    return (
        f"while {acked} writes were acknowledged, the writer counted {server.writes} statements that"
        " write, of all its clients: unless one stores several, a part of the load went elsewhere"
    )


def _why_uncommitted(server: Traffic, acked: int) -> str:
    """Tell what speaks against the writes being committed: autocommit shows in no count of MySQL's."""
    if server.commits >= COMMITTED * acked:
        return ""
    seen = f"while {acked} writes were acknowledged, the writer counted {server.commits} commits"
    if server.rollbacks >= COMMITTED * acked:
        return (
            f"{seen} and {server.rollbacks} transactions that were rolled back, of all its clients:"
            f" unless those are others', the workload never commits; {REMEDY}"
        )
    if server.uncommitted >= COMMITTED * acked:
        return (
            f"{seen}, and open transactions held {server.uncommitted} changed rows: unless those are"
            f" others', the workload had not committed; {REMEDY}"
        )
    if not server.unseen:
        return ""
    return (
        f"{seen}: whether it commits by itself nobody could see, since the account may not look at open"
        " transactions (PROCESS)"
    )
