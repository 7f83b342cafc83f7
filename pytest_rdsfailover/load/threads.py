"""The default engine: a thread and a connection per writer, on an open-loop schedule."""

import time
from collections.abc import Sequence

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.load.closed_loop import run_in_batches, stay_on_one_cpu
from pytest_rdsfailover.load.complaints import Complaints
from pytest_rdsfailover.load.engine import Check, Engine, LoadError, happens
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.load.writer import ReconnectPolicy, Writer
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.mysql import driver

CUT_WITHIN = 0.5  # seconds for the end of writers whose program was killed under them


class ThreadLoad(Engine):
    """Concurrent writers; a context manager.

    Args:
        workload: what the writers do.
        journal: where the writers note what they did; has one column set per writer.
        rate: writes per second that all intend together; 0 for as many as the answers allow.
        policy: how a writer gets a connection back.
        classify: tells outcome and fault of a failed write, from the error and whether the write
            may have been sent.
        think: seconds that a writer without a schedule waits after an answer, on average.
        share: (k, n) for every n-th writer from the k-th on; other processes run the others.
        secrets: texts that no complaint may show.
    """

    def __init__(
        self,
        workload: Workload,
        journal: Journal,
        *,
        rate: float,
        policy: ReconnectPolicy | None = None,
        classify: Classify | None = None,
        think: float = 0.0,
        share: tuple[int, int] = (0, 1),
        secrets: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._over = False
        self._complaints = Complaints(secrets)
        count = len(journal.writers)
        self._journals = journal.writers[share[0] :: share[1]]
        self._writers = [
            Writer(
                workload,
                columns,
                Schedule(writer=columns.writer, writers=count, rate=rate),
                self._gate,
                policy or ReconnectPolicy(),
                classify or driver.classify,
                self._complaints,
                think=think,
            )
            for columns in self._journals
        ]
        # An open loop waits more than it writes, and the user's code may need all CPUs.
        if not rate and not think and isinstance(workload, InsertWorkload):
            for writer in self._writers:
                writer.begins = _share_cpus

    def connect(self, timeout: float, check: Check | None = None) -> None:
        """Connect all writers at once."""
        try:
            missing = self._connect(timeout, check)
        except BaseException:
            self._gate.close()
            raise
        if missing:
            self._end(timeout=1.0)
            raise self._not_started(missing, timeout)

    def _not_started(self, missing: Sequence[Writer], timeout: float) -> LoadError:
        """Return why writers have no connection: the first one's error, or where it still waits."""
        problem = missing[0].problem
        if problem is None:
            why, where = "no answer; bound its waits", f"writer {missing[0].number} waits"
            trace = "".join(missing[0].stack())
        else:
            where = "it was raised"
            why, trace = self._complaints.masked(problem)
        error = LoadError(
            f"{len(missing)} of {len(self._writers)} writers got no connection within {timeout:g} s:"
            f" {why}"
        )
        if trace:
            error.add_note(f"where {where}:\n{trace}")
        return error

    def _connect(self, timeout: float, check: Check | None) -> list[Writer]:
        """Start all writers; return those that have no connection in time."""
        for writer in self._writers:
            writer.thread.start()
        deadline = time.monotonic() + timeout
        return [writer for writer in self._writers if not happens(writer.ready, deadline, check)]

    def acked_since(self, moment: float) -> int:
        """Return how many writers had a write acknowledged that they sent after *moment*."""
        since = to_nanoseconds(moment)
        return sum(writer.last_acked > since for writer in self._writers)

    def progress(self) -> Progress:
        """Return what the writers have done so far."""
        return Progress.of(self._journals, self._complaints.found())

    def stop(self, timeout: float = 10.0) -> None:
        """End all writers. One that the user's own code keeps from ending is left to itself."""
        if self._over:
            return
        self._over = True
        self._end(timeout)
        hanging = [writer for writer in self._writers if writer.abandon()]
        for writer in hanging:
            self._complaints.hanging(writer.number, writer.stack())
            writer.cut()
        self._join(hanging, CUT_WITHIN)  # what it closes may have something to say
        self.complaints = self._complaints.found()
        for writer in self._writers:
            if writer.bug is not None:
                raise LoadError(f"writer {writer.number} broke: {writer.bug!r}") from writer.bug

    def _end(self, timeout: float) -> None:
        self._gate.close()
        self._join(self._writers, timeout)

    def _join(self, writers: Sequence[Writer], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        for writer in writers:
            if writer.thread.ident is not None:
                writer.thread.join(max(0.0, deadline - time.monotonic()))


def _share_cpus() -> None:
    run_in_batches()
    stay_on_one_cpu()
