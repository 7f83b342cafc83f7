"""How writers of a closed loop share the CPUs with a server on the same machine."""

import os
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

Writer = TypeVar("Writer")

LOADS = Path("/proc/loadavg")  # its fourth word: how many threads want to run, of how many
PER_CPU = 16  # writes at once; of more, the sessions of a busy server wait for each other
SILENCE = 0.001  # seconds without an answer after which the server waits for more than a CPU


def run_in_batches() -> None:
    """Let the calling thread wait for its turn on a CPU, instead of interrupting the server.

    Each answer wakes the thread, which would take the CPU from a session that is at work. So it
    finds several answers when its turn comes. Nothing is done where the system has no such policy.
    """
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # 0 is the calling thread


def stay_on_one_cpu() -> None:
    """Keep the calling thread on one CPU of the process, the same for all of its threads.

    On several, each answer wakes a thread that finds the lock taken, and what it looks at in the
    other CPU's cache: 16 writers in a closed loop then write half as much, at twice the CPU time.
    Nothing is done where the system has no such call, or the interpreter no such lock.
    """
    gil: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
    if gil and hasattr(os, "sched_setaffinity"):
        ours = sorted(os.sched_getaffinity(os.getpid()))
        os.sched_setaffinity(0, {ours[os.getpid() % len(ours)]})  # 0 is the calling thread


def crowded(loads: Path = LOADS) -> bool:
    """Tell whether more threads want to run at this moment than the machine has CPUs.

    False where the system does not say so.
    """
    try:
        return int(loads.read_text().split()[3].partition("/")[0]) > (os.cpu_count() or 1)
    except (OSError, ValueError, IndexError):
        return False


def least_window(processes: int) -> int:
    """Return how many writes one of some processes may always have under way."""
    return max(1, PER_CPU * (os.cpu_count() or 1) // processes)


class SendWindow(Generic[Writer]):
    """How many writes wait for their answers at once, and who writes next.

    Sessions of a server that has no CPU free wait for each other, the longer, the more they are.
    One that is far away, waits for its disk, or fails, leaves CPUs free: then more may write, and
    soon all. Nobody is kept from writing for longer than a server is silent, a millisecond.

    Attributes:
        size: how many writes may wait for their answers now.
    """

    def __init__(self, least: int) -> None:
        self.size = self._least = least
        self._waiting = 0  # writes without an answer
        self._free: deque[Writer] = deque()

    @property
    def patience(self) -> float | None:
        """Return for how many seconds nobody need answer; None if nobody is kept from writing."""
        return SILENCE if self._free else None

    def sent(self) -> None:
        """Count a write whose writer was not kept waiting."""
        self._waiting += 1

    def ended(self) -> None:
        """Count a write that waits no longer, whatever became of it."""
        self._waiting -= 1

    def keep(self, writer: Writer) -> None:
        """Let a writer write after all who are free already."""
        self._free.append(writer)

    def take(self) -> Iterator[Writer]:
        """Yield who may write now, as written by then."""
        while self._free and self._waiting < self.size:
            self._waiting += 1
            yield self._free.popleft()

    def widen(self) -> None:
        """Let everybody write: the server is silent."""
        self.size = max(self._least, self._waiting + len(self._free))

    def adapt(self, *, crowded: bool) -> None:
        """Come nearer to the least size where all CPUs are taken; let more write where one is free."""
        size = self.size * 3 // 4 if crowded else self.size * 2
        self.size = max(self._least, min(size, self._waiting + len(self._free)))
