"""A shop as any application has one: a few lines around a driver, with a retry."""

import contextlib

import pymysql

TRIES = 5


class Shop:
    """Places orders in a database."""

    def __init__(self, connect):
        self._connect = connect
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
                " reference VARCHAR(64) NOT NULL UNIQUE, amount INT NOT NULL)"
            )

    def place_order(self, reference, amount=1):
        """Store an order; try again on a new connection if the old one fails."""
        for attempt in range(TRIES):
            try:
                with self._connect() as connection, connection.cursor() as cursor:
                    cursor.execute(
                        "INSERT INTO orders (reference, amount) VALUES (%s, %s)",
                        (reference, amount),
                    )
            except pymysql.err.IntegrityError:
                return  # an earlier try had been stored after all
            except pymysql.err.MySQLError:
                if attempt == TRIES - 1:
                    raise
            else:
                return

    def all_references(self):
        """Return the reference of every order."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT reference FROM orders")
            return [reference for (reference,) in cursor.fetchall()]

    def close(self):
        """Remove the table."""
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute("DROP TABLE orders")
