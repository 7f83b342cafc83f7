"""Which connections of an application stayed where no writer is."""

from collections import Counter

from pytest_rdsfailover.model.traffic import Sessions


def stuck(sessions: Sessions | None, since: float) -> Sessions | None:
    """Return the connections at the end of a load, those left that were refused since a moment.

    Args:
        sessions: what was seen when the load ended; None if nobody looked.
        since: in monotonic seconds; earlier refusals do not count.
    """
    if sessions is None:
        return None
    left = [session for session in sessions.left if session.refused >= since]
    return Sessions(open=sessions.open, left=left)


def stayed(sessions: Sessions) -> str:
    """Return in words where connections stayed, and what they met there."""
    places = ", ".join(sorted({session.instance for session in sessions.left}))
    errors = Counter(session.error for session in sessions.left)
    said = ", ".join(f"{count} x {code}" for code, count in sorted(errors.items()))
    return (
        f"{len(sessions.left)} of {sessions.open} connections stayed on {places}, which is not the"
        f" writer; their last errors: {said}"
    )
