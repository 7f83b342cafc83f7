"""Whether a load reached a real cluster, by counts of a server that many others may use as well."""

from pytest_rdsfailover.model.target import Traffic

# Statements, and those that write, for each acknowledged write: with fewer of both a load was
# elsewhere. Batches of a hundred writes are above the latter, and what watches a server below the former.
FEWEST_STATEMENTS, FEWEST_WRITES = 0.1, 0.01
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


def doubt_of_server(server: Traffic, acked: int) -> str:
    """Return what is to be known of a load whose writer counted fewer writes; empty if nothing is."""
    if server.writes >= MOST * acked:
        return ""
    return (
        f"while {acked} writes were acknowledged, the writer counted {server.writes} statements that"
        " write, of all its clients: unless one stores several, a part of the load went elsewhere"
    )
