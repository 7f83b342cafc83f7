"""Our own mixed load: writes, transactions of several rows, reads of one's own and of a replica."""

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_rdsfailover.journal.reads import seen
from pytest_rdsfailover.load.attempts import AttemptRecorder
from pytest_rdsfailover.load.mix import READ, READ_YOUR_WRITE, TRANSACTION, MixStep, spread
from pytest_rdsfailover.load.workload import PATIENT, Position, Session, execute
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.mysql import driver

PARTS = 3  # rows of a transaction


class RowsWorkload:
    """Steps of ours in turn, on a table of the run's own.

    Args:
        endpoint: where to write.
        run: the trial's own prefix.
        weights: how often each step takes its turn.
        reader: where a `read` reads; None if no step is a `read`.

    Attributes:
        steps: what writers do in turn.
        torn: writes of which `stored` found some rows and not others.
    """

    renews = needs_writer = True

    def __init__(
        self,
        endpoint: Endpoint,
        run: str,
        weights: Mapping[MixStep, int],
        reader: Endpoint | None = None,
    ) -> None:
        self.endpoint, self.reader = endpoint, reader
        self.steps: Sequence[MixStep] = spread(weights)
        self.torn: Sequence[Position] = ()
        self.table = f"rds_rows_{run}"

    @property
    def made(self) -> str:
        """Return which table this is."""
        return f"table {self.endpoint.database}.{self.table}"

    def create(self, control: Endpoint) -> None:
        """Create the table; its index finds a writer's newest row."""
        execute(
            control,
            f"CREATE TABLE IF NOT EXISTS {self.table} (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
            " writer INT NOT NULL, sequence BIGINT NOT NULL, part INT NOT NULL,"
            " parts INT NOT NULL, KEY newest (writer, sequence)) ENGINE=InnoDB",
        )

    def open(self, writer: int, bounds: Bounds) -> Session:
        """Connect to the writer now, and to the reader at the first read."""
        return RowsSession(self, writer, bounds)

    def stored(self, control: Endpoint) -> Iterable[Position]:
        """Return the position of every write, each as often as all of its rows are there.

        A write of which only some rows are there counts as stored once, and is torn.
        """
        copies: dict[tuple[int, int], Counter[int]] = {}
        sizes: dict[tuple[int, int], int] = {}
        with driver.connect(control, bounds=PATIENT) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT writer, sequence, part, parts FROM {self.table}")  # noqa: S608 - our own name
            for writer, sequence, part, parts in cursor.fetchall():
                copies.setdefault((writer, sequence), Counter())[part] += 1
                sizes[writer, sequence] = parts
        counts = {
            place: [copies_of[part] for part in range(sizes[place])]
            for place, copies_of in copies.items()
        }
        self.torn = sorted(place for place, rows in counts.items() if len(set(rows)) > 1)
        return [place for place, rows in counts.items() for _ in range(max(1, min(rows)))]

    def drop(self, control: Endpoint) -> None:
        """Drop the table."""
        execute(control, f"DROP TABLE IF EXISTS {self.table}")


class RowsSession:
    """A connection to the writer, and one to a reader if any step reads there."""

    attempts: AttemptRecorder | None = None

    def __init__(self, workload: RowsWorkload, writer: int, bounds: Bounds) -> None:
        self._table, self._writer, self._bounds = workload.table, writer, bounds
        self._connection = driver.connect(workload.endpoint, bounds=bounds)
        self._replica: Any = None
        try:
            moves = workload.endpoint.moves
            self.instance = None if moves else driver.instance_of(self._connection)
        except BaseException:
            self.close()
            raise
        self._reader = workload.reader

    def perform(self, step: MixStep, sequence: int) -> int | None:
        """Do one step; return what a read saw."""
        if step is READ:
            return seen(self._newest_on_replica(), own=False)
        if step is READ_YOUR_WRITE:
            return seen(self._newest(self._connection), own=True)
        if step is TRANSACTION:
            self._transact(sequence)
        else:
            self._insert(sequence, 1)
        return None

    def _transact(self, sequence: int) -> None:
        """Insert the rows of a transaction; roll a failed one back, so that none stays open."""
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                self._insert(sequence, PARTS)
                cursor.execute("COMMIT")
            except Exception:
                with contextlib.suppress(Exception):
                    cursor.execute("ROLLBACK")
                raise

    def _insert(self, sequence: int, parts: int) -> None:
        with self._connection.cursor() as cursor:
            for part in range(parts):
                cursor.execute(
                    f"INSERT INTO {self._table} (writer, sequence, part, parts)"  # noqa: S608 - our own name
                    " VALUES (%s, %s, %s, %s)",
                    (self._writer, sequence, part, parts),
                )

    def _newest(self, connection: Any) -> int | None:
        """Return the sequence of the writer's newest write that a connection sees, if any."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT MAX(sequence) FROM {self._table} WHERE writer = %s",  # noqa: S608 - our own name
                (self._writer,),
            )
            (newest,) = cursor.fetchone()
        return None if newest is None else int(newest)

    def _newest_on_replica(self) -> int | None:
        """Ask the reader; its connection is made and lost independently of the writer's."""
        try:
            if self._replica is None and self._reader is not None:
                self._replica = driver.connect(self._reader, bounds=self._bounds)
            return self._newest(self._replica)
        except Exception:
            if self._replica is not None:
                driver.close(self._replica)
            self._replica = None
            raise

    def close(self) -> None:
        """Close the connections."""
        for connection in (self._connection, self._replica):
            if connection is not None:
                driver.close(connection)
        self._replica = None
