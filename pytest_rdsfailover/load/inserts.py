"""The simplest workload of ours, and the default: one inserted row per write."""

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_rdsfailover.load.attempts import AttemptRecorder
from pytest_rdsfailover.load.mix import WRITE, MixStep
from pytest_rdsfailover.load.workload import PATIENT, Position, Session, execute
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.mysql import driver

AUDIT_ROWS = 10_000  # fetched at a time


class InsertWorkload:
    """One row per write, into a table of the run's own.

    The table has no index but its auto-increment primary key, so that a write which is applied
    twice shows as two rows.
    """

    steps: Sequence[MixStep] = (WRITE,)
    torn: Sequence[Position] = ()
    renews = needs_writer = True

    def __init__(self, endpoint: Endpoint, run: str) -> None:
        self.endpoint = endpoint
        self._table = f"rds_writes_{run}"

    @property
    def insert_head(self) -> bytes:
        """Return the insert up to its values."""
        return f"INSERT INTO {self._table} (writer, sequence) VALUES ".encode()  # noqa: S608 - our own name

    @property
    def made(self) -> str:
        """Return which table this is."""
        return f"table {self.endpoint.database}.{self._table}"

    def create(self, control: Endpoint) -> None:
        """Create the table."""
        execute(
            control,
            f"CREATE TABLE IF NOT EXISTS {self._table} (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
            " writer INT NOT NULL, sequence BIGINT NOT NULL) ENGINE=InnoDB",
        )

    def open(self, writer: int, bounds: Bounds) -> Session:
        """Connect, and ask once which instance answered, unless that can change."""
        connection = driver.connect(self.endpoint, bounds=bounds)
        try:
            instance = None if self.endpoint.moves else driver.instance_of(connection)
            return InsertSession(connection, self.insert_head, writer, instance)
        except BaseException:
            driver.close(connection)
            raise

    def stored(self, control: Endpoint) -> Iterator[Position]:
        """Yield the position of every row."""
        last = 0
        with driver.connect(control, bounds=PATIENT) as connection:
            while True:
                rows = self._page(connection, last)
                yield from ((writer, sequence) for _, writer, sequence in rows)
                if len(rows) < AUDIT_ROWS:
                    return
                last = rows[-1][0]

    def _page(self, connection: Any, after: int) -> list[tuple[int, int, int]]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, writer, sequence FROM {self._table} WHERE id > %s"  # noqa: S608 - our own name
                f" ORDER BY id LIMIT {AUDIT_ROWS}",
                (after,),
            )
            return list(cursor.fetchall())

    def drop(self, control: Endpoint) -> None:
        """Drop the table."""
        execute(control, f"DROP TABLE IF EXISTS {self._table}")


class InsertSession:
    """A connection that inserts."""

    attempts: AttemptRecorder | None = None

    def __init__(self, connection: Any, head: bytes, writer: int, instance: str | None) -> None:
        self._connection, self._head = connection, b"%b(%d," % (head, writer)
        self.instance = instance

    def perform(self, step: MixStep, sequence: int) -> None:  # noqa: ARG002 - there is only one
        """Insert the row of a position; a cursor would take a third of a write's time here."""
        self._connection.query(b"%b%d)" % (self._head, sequence))

    def close(self) -> None:
        """Close the connection."""
        driver.close(self._connection)
