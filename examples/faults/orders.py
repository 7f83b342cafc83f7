"""Two clients that place orders: one as it is on the first day, one that expects a database to fail."""

import contextlib
import threading
import time

import pymysql

INSERT = "INSERT INTO orders (ref) VALUES (%s)"


class Careless:
    """Connects for each order by the address of the first day, and waits 200 ms for an answer.

    It places an order again, once, if there is none, and then confirms it whatever happened.
    """

    def __init__(self, cluster, **options):
        self._endpoint = cluster.writer_endpoint
        self._options = {"read_timeout": 0.2, "connect_timeout": 0.2} | options

    def place(self, ref):
        with contextlib.suppress(pymysql.MySQLError):
            try:
                self._insert(ref)
            except pymysql.OperationalError:
                self._insert(ref)

    def _insert(self, ref):
        connection = self._endpoint.connect(autocommit=True, **self._options)
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(INSERT, (ref,))


class Careful:
    """Keeps a connection per thread, says what it could not place, and knows a second address."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._own = threading.local()

    def place(self, ref):
        try:
            with self._connection().cursor() as cursor:
                cursor.execute(INSERT, (ref,))
        except pymysql.OperationalError:
            self._own.connection = None
            raise

    def _connection(self):
        if getattr(self._own, "connection", None) is None:
            self._own.connection = self._connect()
        return self._own.connection

    def _connect(self):
        # The secret is read for each connection: it may be another one by now. While it is rotated there is a
        # moment in which nobody has the right one: the further rounds are for that.
        options = {"autocommit": True, "connect_timeout": 0.5, "read_timeout": 2}
        options["init_command"] = "SET innodb_lock_wait_timeout = 1"
        for pause in (0, 0.4, 0.8):
            time.sleep(pause)
            for endpoint in (self._cluster.writer_endpoint, self._cluster.proxy_endpoint):
                try:
                    return endpoint.connect(**options)
                except pymysql.OperationalError as error:
                    refused = error
        raise refused
