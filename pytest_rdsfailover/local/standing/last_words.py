"""What the log of a detached cluster says of its end."""

import re

MOST_LINES, LONGEST = 3, 200  # of a log, that are told; characters of one
_STATUS = re.compile(r"\(it has ended with status (\d+)\)")


def noted(status: int) -> str:
    """Return the last line of a log: one without it is of a process that was killed."""
    return f"(it has ended with status {status})"


def told(log: str) -> str:
    """Return how a process has ended, and what it said last; empty if it has said nothing."""
    said = [line.strip() for line in log.splitlines() if line.strip()]
    end = _STATUS.fullmatch(said[-1]) if said else None
    words = said[:-1] if end else said
    if end:
        last = words[-1:] or [f"status {end[1]}"]
        return f"has ended: {_short(last[0])}"
    if not words:
        return ""
    lines = " | ".join(_short(line) for line in words[-MOST_LINES:])
    return f"was killed, for no end is on record; its log's last lines: {lines}"


def _short(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
