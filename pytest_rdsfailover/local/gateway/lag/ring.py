"""The snapshots of one user: which of them answers a read, and when they are renewed. No I/O."""

from collections import deque
from collections.abc import Callable, Iterator

from pytest_rdsfailover.local.gateway.lag.reads import Past, Read
from pytest_rdsfailover.local.gateway.lag.snapshot import Snapshot

WIDEST = 4  # snapshots of one moment, for reads at the same time
MOST = 64  # sessions; long transactions keep theirs
SPARE = 2  # sessions that wait for their next use
SHORTEST = 0.01  # seconds between two snapshots
PATIENCE = 1.0  # seconds after which a read is given back if there is no snapshot for it


class SnapshotRing:
    """Snapshots of the last moments, a few of each.

    Args:
        open_one: begins a further snapshot.
        clock: tells the time in seconds.

    Attributes:
        lag: how old what it shows is at least, in seconds.
    """

    def __init__(
        self,
        open_one: Callable[[], Snapshot],
        clock: Callable[[], float],
        lag: float,
    ) -> None:
        self.lag = lag
        self._open, self._clock = open_one, clock
        self._all: list[Snapshot] = []
        self._waiting: deque[Read] = deque()

    @property
    def every(self) -> float:
        """Return how long after the last snapshot the next one is taken, in seconds."""
        return max(self.lag / 3, SHORTEST)

    @property
    def begun(self) -> bool:
        """Tell whether there is a past to show."""
        return any(snapshot.since for snapshot in self._all)

    def read(self, read: Read) -> None:
        """Have a read answered as soon as a snapshot can."""
        self._waiting.append(read)
        self.serve()

    def ready(self, snapshot: Snapshot) -> None:
        """Use a snapshot that is free; end one that is not needed any more."""
        if snapshot in self._all:
            self.serve()
        else:
            snapshot.close()

    def serve(self) -> None:
        """Give waiting reads to snapshots that are free."""
        waiting, self._waiting = self._waiting, deque()
        for read in waiting:
            if read.dropped:
                continue
            past = self._choose(read)
            if past is None:
                self._waiting.append(read)
            else:
                past.answer(read)

    def tick(self) -> None:
        """Take a snapshot of the present: several if reads have to wait."""
        self._all = [snapshot for snapshot in self._all if not snapshot.ended]
        spare = list(self._superseded())
        for _ in range(min(WIDEST, 1 + len(self._waiting))):
            if spare:
                spare.pop().renew()
            elif len(self._all) < MOST:
                self._all.append(self._open())
        for snapshot in spare[SPARE:]:
            self._all.remove(snapshot)
            snapshot.close()
        self.serve()
        self._give_back(PATIENCE)

    def end(self) -> None:
        """End all of them; those that are answering a read end afterwards."""
        idle = [snapshot for snapshot in self._all if snapshot.idle]
        self._all = []
        for snapshot in idle:
            snapshot.close()
        self._give_back(0.0)

    def _give_back(self, after: float) -> None:
        """Let reads that have waited so long be answered without lag."""
        late = self._clock() - after
        back = [
            read
            for read in self._waiting
            if not after or (read.asked <= late and (read.snapshot is None or read.snapshot.ended))
        ]
        self._waiting = deque(read for read in self._waiting if read not in back)
        for read in back:
            read.client.take_answer(read, [])

    def _choose(self, read: Read) -> Past | None:
        """Return the snapshot that answers a read; None if it is busy, or still to come."""
        if read.snapshot is not None and not read.snapshot.ended:
            return read.snapshot if read.snapshot.idle else None
        latest = self._latest()
        if latest is None:
            return None
        current = [
            snapshot
            for snapshot in self._all
            if snapshot.idle
            and max(latest - self.every / 2, read.after) <= snapshot.since <= latest
        ]
        return max(current, key=lambda snapshot: snapshot.since, default=None)

    def _latest(self) -> float | None:
        """Return the newest moment that is as old as the lag; the oldest of all if none is."""
        past = [snapshot.since for snapshot in self._all if snapshot.since and not snapshot.ended]
        ripe = [since for since in past if self._clock() - since >= self.lag]
        return max(ripe) if ripe else min(past, default=None)

    def _superseded(self) -> Iterator[Snapshot]:
        """Yield the snapshots that nobody will read any more, the newest first."""
        latest = self._latest()
        for snapshot in sorted(self._all, key=lambda snapshot: -snapshot.since):
            old = latest is not None and snapshot.since < latest
            if snapshot.idle and old and not snapshot.holders:
                yield snapshot
