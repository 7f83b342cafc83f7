"""Two shops that write to the writer and read from readers: only one knows that these may be late."""

import contextlib

FIND = "SELECT ref FROM orders WHERE ref = %s"


class CarelessShop:
    """Shows an order by the reader endpoint, even to who has just placed it."""

    def __init__(self, cluster):
        self._writer, self._reader = cluster.writer_endpoint, cluster.reader_endpoint

    def place(self, ref):
        self._run(self._writer, "INSERT INTO orders (ref) VALUES (%s)", ref)

    def show(self, ref):
        """Return an order; None if there is none."""
        rows = self._run(self._reader, FIND, ref)
        return rows[0][0] if rows else None

    def _run(self, endpoint, sql, ref):
        with (
            contextlib.closing(endpoint.connect(autocommit=True)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, (ref,))
            return cursor.fetchall()


class CarefulShop(CarelessShop):
    """Asks the writer for what a reader does not know yet."""

    def show(self, ref):
        """Return an order; None if there is none."""
        rows = self._run(self._reader, FIND, ref) or self._run(self._writer, FIND, ref)
        return rows[0][0] if rows else None
