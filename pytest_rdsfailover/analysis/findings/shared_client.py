"""A client of one event loop that is used in another."""

import re

from pytest_rdsfailover.analysis.findings.finding import Case, Finding

# What asyncio, aiomysql, asyncmy, SQLAlchemy and anyio raise then.
TEXTS = re.compile(
    r"attached to a different loop|bound to a different event loop|different event loop"
    r"|Event loop is closed|another event loop",
    re.IGNORECASE,
)


def shared_client(case: Case) -> Finding | None:
    """Tell errors that come from a client made in another event loop."""
    found = [each for each in case.course.complaints if TEXTS.search(each.text)]
    if not found:
        return None
    return Finding(
        name="shared_client",
        severity="risky",
        evidence=(
            f"{sum(each.count for each in found)} operations used a client that belongs to another"
            f" event loop ({found[0].error}: {found[0].text})"
        ),
        cure=(
            "make the engine or pool where the writes run: within the workload's coroutine or setup,"
            " or give loop= the loop that it was made in"
        ),
    )
