"""Ends what a command has started once the process that ran the command was killed.

A program of its own, standard library only: `python -S -E -I descendants.py`. The first line of its
standard input is a variable, `NAME=VALUE`, that every process of the command has in its environment. At
the end of its input it asks all these to end, and kills those that have not soon.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator

PROC = "/proc"
ASKED_FOR, KILLED_FOR = 2.0, 2.0  # seconds between asking and killing, and for the killing
LOOK_EVERY = 0.05  # seconds


def marked(mark: bytes) -> Iterator[int]:
    """Yield descriptors of this user's processes that have a variable in their environment."""
    for entry in os.listdir(PROC):  # noqa: PTH208 - pathlib costs a third of the start
        with contextlib.suppress(OSError):
            if entry.isdigit() and _has(entry, mark):
                held = os.pidfd_open(int(entry))
                try:
                    if _has(entry, mark):  # else another one has got the id meanwhile
                        yield held
                finally:
                    os.close(held)


def _has(entry: str, mark: bytes) -> bool:
    with open(f"{PROC}/{entry}/environ", "rb") as file:  # noqa: PTH123
        return mark in file.read().split(b"\0")


def end(mark: bytes) -> None:
    """End all processes that have a variable in their environment."""
    begun = time.monotonic()
    _send(mark, signal.SIGTERM)
    while time.monotonic() < begun + ASKED_FOR and any(True for _ in marked(mark)):
        time.sleep(LOOK_EVERY)
    while time.monotonic() < begun + ASKED_FOR + KILLED_FOR and _send(mark, signal.SIGKILL):
        time.sleep(LOOK_EVERY)


def _send(mark: bytes, number: int) -> int:
    """Send a signal to them; return how many there were."""
    count = 0
    for held in marked(mark):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(held, number)
        count += 1
    return count


if __name__ == "__main__":
    told = sys.stdin.buffer.readline().rstrip(b"\n")
    sys.stdin.buffer.read()
    end(told)
