"""The load generator's own health: when it stood still itself, and who else used the CPU."""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from pytest_rdsfailover.load.startable import Startable
from pytest_rdsfailover.model.clock import to_seconds

BEAT = 5_000_000  # nanoseconds between two looks at the clock
LATE = 5_000_000  # nanoseconds; a look that is later shows that the whole process stood still
Pause = tuple[float, float]  # the first and the last moment of a standstill
PROC = Path("/proc")
IDLE = slice(3, 5)  # of the numbers in /proc/stat: idle, and waiting for a disk
GUEST = slice(8, 10)  # time of guests, which the other numbers count as well


class Watchdog(Startable):
    """A thread that wants to look at the clock at fixed times and notes how late it was.

    It runs in the process of the writers and under the same interpreter lock. So what kept it from
    looking kept the writers from writing, or from seeing an answer. A context manager.

    Attributes:
        pauses: (first, last) seconds of the monotonic clock of every look that was late.
        strangers: how many CPUs, on average, were busy for other processes than this one and those
            that it started; None if the system does not tell. Known once the block has ended.
    """

    def __init__(self) -> None:
        self.pauses: list[Pause] = []
        self.strangers: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="rds-watchdog", daemon=True)
        self._begun: tuple[float, float] | None = None
        self._begun_at = 0

    def start(self) -> None:
        """Begin to look."""
        self._begun, self._begun_at = cpu_seconds(os.getpid()), time.monotonic_ns()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; harmless the second time, and before `start`."""
        if self._thread.ident is None or self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        self.strangers = self._strangers()

    def _watch(self) -> None:
        due = time.monotonic_ns() + BEAT
        while not self._over.is_set():
            time.sleep(to_seconds(max(0, due - time.monotonic_ns())))
            now = time.monotonic_ns()
            if now - due > LATE:
                self.pauses.append((to_seconds(due), to_seconds(now)))
            due = now + BEAT

    def _strangers(self) -> float | None:
        ended, taken = cpu_seconds(os.getpid()), time.monotonic_ns() - self._begun_at
        if self._begun is None or ended is None or taken <= 0:
            return None
        everybody, family = (
            after - before for before, after in zip(self._begun, ended, strict=True)
        )
        return max(0.0, everybody - family) / to_seconds(taken)


def cpu_seconds(root: int, proc: Path = PROC) -> tuple[float, float] | None:
    """Return the CPU seconds that all processes used since boot, and one process with its children.

    None on a system without `/proc/stat`. What ended children used counts with their parents.
    """
    try:
        words = (proc / "stat").read_text().partition("\n")[0].split()[1:]
        ticks = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
    numbers = [int(word) for word in words]
    busy = sum(numbers) - sum(numbers[IDLE]) - sum(numbers[GUEST])
    return busy / ticks, sum(_family(root, proc)) / ticks


def _family(root: int, proc: Path) -> Iterable[int]:
    """Yield the ticks of a process and of everything below it."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    used: dict[int, int] = {}
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        children[int(fields[1])].append(int(entry.name))
        # Its own ticks, and those of ended children.
        used[int(entry.name)] = sum(map(int, fields[11:15]))
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield used.get(process, 0)
        waiting += children[process]
