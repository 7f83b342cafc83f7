"""A real server without a cluster before it: to ask, to freeze, and to put a gateway before."""

from collections.abc import Iterator
from contextlib import contextmanager

import pymysql

from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.server import accounts
from pytest_rdsfailover.local.server.programs import ServerProgram
from pytest_rdsfailover.local.server.server import OwnServer
from pytest_rdsfailover.model.endpoints import Endpoint

PASSWORD = "s3cret"
# `root_` may do all, `app` all but end the server, which nobody may on RDS.
READY = (
    "CREATE DATABASE app",
    *(f"CREATE USER {user}@'%' IDENTIFIED BY '{PASSWORD}'" for user in ("root_", "app")),
    *(f"GRANT ALL ON *.* TO {user}@'%' WITH GRANT OPTION" for user in ("root_", "app")),
    "REVOKE SHUTDOWN ON *.* FROM app@'%'",
    f"SET GLOBAL max_connections = 500, time_zone = 'SYSTEM', max_allowed_packet = {1 << 27}",
)


class PlainServer:
    """One server for all tests of a worker that want no cluster.

    Attributes:
        flavour: mariadb or mysql.
        socket: path of its unix socket.
        port: where it listens on 127.0.0.1.
        pid: its process.
        endpoint: where an application with a database of its own connects, by TCP; nobody else does
            so by that account.
    """

    def __init__(self, own: OwnServer, flavour: str, port: int) -> None:
        self._own, self.flavour, self.port = own, flavour, port
        self.socket, self.pid = own.address.socket, own.process.pid
        account = own.application
        self.endpoint = Endpoint(
            name="plain", kind="writer", host="127.0.0.1", port=port, user=account.user,
            password=account.password, database=account.database,
        )  # fmt: skip

    def connect(self, **options):
        """Connect as `app`, by the unix socket."""
        defaults = {
            "user": "app", "password": PASSWORD, "database": "app", "autocommit": True,
            "ssl_disabled": True,  # a context of TLS takes 30 ms of CPU
        }  # fmt: skip
        return pymysql.connect(unix_socket=self.socket, **{**defaults, **options})

    def admin(self):
        """Connect as who may do all."""
        return self.connect(user="root_", database=None, read_timeout=20, write_timeout=10)

    def run(self, *statements):
        """Execute statements as who may do all; return the rows of the last one."""
        with self.admin() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all of it for the block."""
        self._own.process.freeze()
        try:
            yield
        finally:
            self._own.process.thaw()

    def sessions(self) -> list[int]:
        """Return the numbers of the sessions of the endpoint's account."""
        rows = self.run(
            f"SELECT id FROM information_schema.processlist WHERE user = '{self.endpoint.user}'"
        )
        return [int(row[0]) for row in rows]


@contextmanager
def running(program: ServerProgram, supervisor: Supervisor) -> Iterator[PlainServer]:
    """Start one for the block."""
    with reserve_port() as port, OwnServer(program, supervisor, port=port) as own:
        with accounts.session(own.address, own.admin) as connection:
            accounts.run(connection, READY)
        server = PlainServer(own, program.dialect.name.lower(), port)
        for user in ("root_", "app"):
            server.connect(user=user).close()  # fills the cache of caching_sha2_password
        yield server
