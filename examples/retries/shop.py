"""A shop that retries an order until the database takes it, and lets others look on."""

import contextlib
import time

import pymysql

DELAYS = (0.05, 0.1, 0.2, 0.4, 0.4, 0.4, 0.4, 0.4)  # seconds between tries


class Shop:
    """Places orders in a database."""

    def __init__(self, connect):
        self._connect = connect
        self._execute(
            "CREATE TABLE retried_orders (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
            " reference VARCHAR(64) NOT NULL UNIQUE)"
        )

    def place_order(self, reference, around_each_try=contextlib.nullcontext):
        """Store an order; a reference that is there already was stored by an earlier try."""
        for delay in (*DELAYS, None):
            try:
                with around_each_try():
                    self._insert(reference)
            except pymysql.err.OperationalError:
                if delay is None:
                    raise
                time.sleep(delay)
            else:
                return

    def _insert(self, reference):
        with contextlib.suppress(pymysql.err.IntegrityError):
            self._execute("INSERT INTO retried_orders (reference) VALUES (%s)", (reference,))

    def _execute(self, statement, values=()):
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def all_references(self):
        """Return the reference of every order."""
        return [reference for (reference,) in self._execute("SELECT reference FROM retried_orders")]

    def close(self):
        """Remove the table."""
        self._execute("DROP TABLE retried_orders")
