"""Lines that a program has said and that are no answers: told once each, as a log line would be."""

import re
import sys
import threading
from collections.abc import Sequence

SPOKEN = "write `ok KEY`, `refused KEY CODE` or `unknown KEY CODE`, and flush the line"
LONGEST, MOST = 100, 5  # characters of a line that are shown; shapes that are told of one program
_NUMBER = re.compile(r"\d+")
_told: dict[tuple[str, ...], set[str]] = {}  # shapes by command, for all its writers
_lock = threading.Lock()


def shape(line: str) -> str:
    """Return what is shown of a line: its beginning, each number as N."""
    return _NUMBER.sub("N", line[:LONGEST])


def told(command: Sequence[str], line: str) -> str:
    """Tell that a line of a program is no answer, unless one like it was told; return the same, short.

    The program is told by its name alone: there may be a password among its arguments.
    """
    seen, shown = _told.setdefault(tuple(command), set()), shape(line)
    with _lock:
        new = shown not in seen and len(seen) < MOST
        if new:
            seen.add(shown)
    if new:
        print(  # noqa: T201 - where the program's own standard error goes
            f"rdsfailover: {command[0]} has said {shown!r}, which is no answer and counts for no key; {SPOKEN},"
            " and let logs go to standard error",
            file=sys.stderr,
        )
    return f"; it has said {shown!r}, which is no answer: {SPOKEN}"
