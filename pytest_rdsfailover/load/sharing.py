"""Clients that are shared as they must not be: across event loops, or by writers at the same time."""

import re

from pytest_rdsfailover.mysql.driver import chain

# What asyncio, and clients that check by themselves, say.
OTHER_LOOP = re.compile(
    r"\b(different|same|other|another)( event)? loop\b|\bevent loop is closed", re.IGNORECASE
)
NO_LOOP = re.compile(r"no (current|running) event loop", re.IGNORECASE)
IN_A_LOOP = re.compile(
    r"cannot be called from a running event loop|event loop is already running", re.IGNORECASE
)
AT_ONCE = re.compile(
    r"another coroutine is already waiting"
    r"|another operation is in progress"
    r"|concurrent operations are not permitted"
    r"|packet sequence number wrong"
    r"|commands out of sync"
    r"|unread result found",
    re.IGNORECASE,
)
LONGEST_TEXT = 2000  # characters of an error that are looked at: some carry a whole statement
SHARED_LOOP = (
    "a client is shared across event loops: make it where it is used, or give the loop that it"
    " belongs to: await rds_trial.run(...) in an asynchronous test, or loop="
)
SHARED_CONNECTION = (
    "one connection or session is used by several writers at the same time: make one per writer by"
    " setup=, or take one out of a pool for each call"
)
REMEDIES = (
    (OTHER_LOOP, SHARED_LOOP),
    (NO_LOOP, "a writer's thread has no event loop: give the coroutine function as the workload"),
    (IN_A_LOOP, "it starts a loop within a loop: await it instead"),
    (AT_ONCE, SHARED_CONNECTION),
)


def text_of(error: BaseException) -> str:
    """Return the beginning of an error's text and notes, or that its `__str__` fails."""
    try:
        return "; ".join(filter(None, [str(error), *getattr(error, "__notes__", ())]))[
            :LONGEST_TEXT
        ]
    except Exception as broken:  # noqa: BLE001 - it is the user's own code
        return f"its text cannot be had: {type(broken).__name__}"


def remedy_of(error: BaseException) -> str:
    """Return which wrong sharing of a client an error shows, and what to do; empty if none."""
    said = "\n".join(text_of(cause) for cause in chain(error))
    return next((remedy for pattern, remedy in REMEDIES if pattern.search(said)), "")
