"""Every driver of the matrix behind one small interface; what a driver lacks it does not list."""

import asyncio
import contextlib
import importlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
from pymysql.constants import CLIENT

MEBI = 1 << 20
PATIENCE = 60  # seconds; large values on a busy machine
# What every topic of the matrix is, in the order of the table in docs/drivers.md.
TOPICS = {
    "values": "values of all kinds, many rows",
    "large": "results and parameters over 16 MB",
    "multi": "several statements, several results",
    "infile": "LOAD DATA LOCAL",
    "prepared": "binary prepared statements",
    "cursor": "… with a cursor",
    "charset": "change of character set",
    "user": "change user",
    "reset": "reset connection",
    "ping": "ping",
    "kill": "kill",
    "compress": "compression negotiated away",
    "failover": "failover",
}


# The instance is a reader that is not the reader endpoint's only one.
ENDPOINTS = ("cluster", "reader", "instance", "proxy", "proxy-reader")
MOVING = ("cluster", "proxy")  # those that lead to another instance after a failover


class Client:
    """One connection. Results are lists of rows; a statement without result gives an empty list."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self.raw.cursor()
        try:
            cursor.execute(sql, tuple(parameters) or None)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            cursor.close()

    def results(self, sql: str) -> list[list[tuple[Any, ...]]]:
        """Run several statements at once; return the results of those that have one."""
        with contextlib.closing(self.raw.cursor()) as cursor:
            cursor.execute(sql)
            found, more = [], True
            while more:
                found += [list(map(tuple, cursor.fetchall()))] if cursor.description else []
                more = cursor.nextset()
            return found

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.raw.close()


class Driver:
    """One driver: how it connects, and which topics it offers."""

    name = ""
    module = ""
    remedy = ""
    marker = "%s"  # for a parameter of `prepared`
    topics: frozenset[str] = frozenset(TOPICS) - {"prepared", "cursor"}

    def missing(self) -> str | None:
        """Return what to do about a driver that is not here."""
        try:
            importlib.import_module(self.module)
        except ImportError as error:
            return f"{self.name}: {error}: {self.remedy or f'pip install {self.name}'}"
        return None

    def connect(self, endpoint, **options):
        raise NotImplementedError

    def prepared(self, client, sql, parameters):
        raise NotImplementedError

    def charset(self, client, name):
        client.run(f"SET NAMES {name}")

    def ping(self, client):
        client.raw.ping()


def login(endpoint, database="database"):
    return {
        "host": endpoint.host, "port": endpoint.port, "user": endpoint.user,
        "password": endpoint.password, database: endpoint.database,
    }  # fmt: skip


class PyMySQL(Driver):
    name, module = "PyMySQL", "pymysql"
    topics = Driver.topics - {"user", "reset", "compress"}

    def connect(self, endpoint, *, multi=False, infile=False):
        import pymysql

        raw = pymysql.connect(
            **login(endpoint), autocommit=True, local_infile=infile, charset="utf8mb4",
            client_flag=CLIENT.MULTI_STATEMENTS if multi else 0, max_allowed_packet=64 * MEBI,
            connect_timeout=10, read_timeout=PATIENCE, write_timeout=PATIENCE,
        )  # fmt: skip
        return Client(raw)

    def charset(self, client, name):
        client.raw.set_character_set(name)


class MySQLClient(Driver):
    name, module = "mysqlclient", "MySQLdb"
    remedy = "apt-get install gcc pkg-config python3-dev libmariadb-dev, pip install mysqlclient"
    topics = Driver.topics - {"reset"}

    def connect(self, endpoint, *, multi=False, infile=False, compress=False):
        import MySQLdb

        raw = MySQLdb.connect(
            **login(endpoint), autocommit=True, local_infile=infile, compress=compress,
            charset="utf8mb4", connect_timeout=10, read_timeout=PATIENCE,
            client_flag=CLIENT.MULTI_STATEMENTS if multi else 0,
        )  # fmt: skip
        return Client(raw)

    def charset(self, client, name):
        client.raw.set_character_set(name)

    def change_user(self, client, endpoint):
        client.raw.change_user(endpoint.user, endpoint.password, endpoint.database)


class ConnectorPure(Driver):
    name, module = "mysql-connector-python, pure", "mysql.connector"
    remedy = "pip install mysql-connector-python"
    # It compresses whether or not the server said that it can.
    topics = Driver.topics - {"compress"} | {"prepared"}
    pure = True

    def connect(self, endpoint, *, multi=False, infile=False, compress=False):  # noqa: ARG002
        import mysql.connector

        raw = mysql.connector.connect(
            **login(endpoint), autocommit=True, use_pure=self.pure, compress=compress,
            allow_local_infile=infile, charset="utf8mb4", collation="utf8mb4_general_ci",
            connection_timeout=PATIENCE,
        )  # fmt: skip
        return Client(raw)

    def prepared(self, client, sql, parameters):
        with contextlib.closing(client.raw.cursor(prepared=True)) as cursor:
            cursor.execute(sql, tuple(parameters))
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def charset(self, client, name):
        client.raw.set_charset_collation(name)

    def change_user(self, client, endpoint):
        client.raw.cmd_change_user(endpoint.user, endpoint.password, endpoint.database, 45)

    def reset(self, client):
        client.raw.cmd_reset_connection()


class ConnectorC(ConnectorPure):
    name, module = "mysql-connector-python, C", "mysql.connector.connection_cext"
    remedy = (
        "the wheel's C extension needs another OpenSSL; pip install 'mysql-connector-python<26'"
    )
    topics = Driver.topics | {"prepared"}
    pure = False


class MariaDBConnector(Driver):
    name, module = "mariadb", "mariadb"
    remedy = "apt-get install gcc libmariadb-dev, pip install mariadb"
    # It reads texts as UTF-8 only, and keeps errors of second statements to itself.
    topics = Driver.topics - {"charset", "multi"} | {"prepared", "cursor"}
    marker = "?"

    def connect(self, endpoint, *, multi=False, infile=False, compress=False):
        import mariadb

        raw = mariadb.connect(
            **login(endpoint), autocommit=True, local_infile=infile, compress=compress,
            client_flag=CLIENT.MULTI_STATEMENTS if multi else 0, connect_timeout=10,
        )  # fmt: skip
        return Client(raw)

    def prepared(self, client, sql, parameters, *, cursor=False):
        options = {"cursor_type": 1, "prefetch_size": 3} if cursor else {}
        with contextlib.closing(client.raw.cursor(binary=True, **options)) as open_cursor:
            open_cursor.execute(sql, tuple(parameters))
            return [tuple(row) for row in open_cursor.fetchall()] if open_cursor.description else []

    def change_user(self, client, endpoint):
        client.raw.change_user(endpoint.user, endpoint.password, endpoint.database)

    def reset(self, client):
        client.raw.reset()


class AsyncClient(Client):
    """A connection of an asyncio driver, with a loop of its own."""

    def __init__(self, connect: Any) -> None:
        self.runner = asyncio.Runner()
        try:
            super().__init__(self.wait(connect()))
        except BaseException:
            self.runner.close()
            raise

    def wait(self, work: Any) -> Any:
        async def bounded():
            async with asyncio.timeout(PATIENCE):
                return await work

        return self.runner.run(bounded())

    def run(self, sql, parameters=()):
        async def work():
            async with self.raw.cursor() as cursor:
                await cursor.execute(sql, tuple(parameters) or None)
                return list(map(tuple, await cursor.fetchall())) if cursor.description else []

        return self.wait(work())

    def results(self, sql):
        async def work():
            async with self.raw.cursor() as cursor:
                await cursor.execute(sql)
                found, more = [], True
                while more:
                    rows = await cursor.fetchall() if cursor.description else None
                    found += [] if rows is None else [list(map(tuple, rows))]
                    more = await cursor.nextset()
                return found

        return self.wait(work())

    def close(self):
        super().close()
        with contextlib.suppress(Exception):
            self.wait(asyncio.sleep(0))
        self.runner.close()


class AioMySQL(Driver):
    name, module = "aiomysql", "aiomysql"
    topics = Driver.topics - {"user", "reset", "compress"}

    def connect(self, endpoint, *, multi=False, infile=False):
        module = importlib.import_module(self.module)
        flags = CLIENT.MULTI_STATEMENTS if multi else 0
        return AsyncClient(
            lambda: module.connect(
                **login(endpoint, "db"), autocommit=True, local_infile=infile, client_flag=flags,
                charset="utf8mb4", connect_timeout=10,
            )
        )  # fmt: skip

    def charset(self, client, name):
        client.wait(client.raw.set_charset(name))

    def ping(self, client):
        client.wait(client.raw.ping())


class AsyncMy(AioMySQL):
    name, module = "asyncmy", "asyncmy"
    # Version 0.2 takes rows over 16 MB for no rows, and breaks in local files and set_charset.
    topics = AioMySQL.topics - {"large", "infile", "charset"}


class SQLAlchemy(Driver):
    name, module = "SQLAlchemy, pooled", "sqlalchemy"
    remedy = "pip install sqlalchemy"
    topics = frozenset({"values", "large", "ping", "kill", "charset", "failover"})

    def connect(self, endpoint):
        import sqlalchemy

        engine = sqlalchemy.create_engine(
            endpoint.url("mysql+pymysql"), pool_size=1, max_overflow=0, pool_pre_ping=True,
            isolation_level="AUTOCOMMIT", connect_args={"max_allowed_packet": 64 * MEBI},
        )  # fmt: skip
        return PooledClient(engine)

    def ping(self, client):
        with client.engine.connect() as connection:
            connection.connection.driver_connection.ping(reconnect=False)


class PooledClient(Client):
    """Borrows a connection for each statement, as applications do."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    def run(self, sql, parameters=()):
        with self.engine.connect() as connection:
            found = connection.exec_driver_sql(sql, tuple(parameters) or None)
            return [tuple(row) for row in found] if found.returns_rows else []

    def close(self):
        self.engine.dispose()


class CommandLineError(Exception):
    """The command line said no; the first argument is the server's error number."""


class CommandLineClient(Client):
    """A program a statement; only texts come back."""

    def __init__(self, endpoint: Any, options: Sequence[str]) -> None:
        self.argv = [
            "mariadb", "--no-defaults", f"--host={endpoint.host}", f"--port={endpoint.port}",
            f"--user={endpoint.user}", "--batch", "--skip-column-names", "--connect-timeout=10",
            *options, endpoint.database,
        ]  # fmt: skip
        self.env = {**os.environ, "MYSQL_PWD": endpoint.password}

    def run(self, sql, parameters=()):
        assert not parameters
        return [row for result in self.results(sql) for row in result]

    def results(self, sql):
        done = subprocess.run(
            self.argv, input=sql, env=self.env, capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
        if done.returncode:
            _, _, rest = done.stderr.partition("ERROR ")
            raise CommandLineError(int(rest.split()[0]), done.stderr)
        return [[tuple(line.split("\t"))] for line in done.stdout.splitlines()]

    def close(self):
        pass


class CommandLine(Driver):
    name = "mariadb, command line"
    remedy = "apt-get install mariadb-client"
    topics = frozenset({"large", "multi", "infile", "charset", "compress", "failover"})

    def missing(self):
        return None if shutil.which("mariadb") else f"no mariadb on PATH: {self.remedy}"

    def connect(self, endpoint, *, multi=False, infile=False, compress=False):  # noqa: ARG002
        options = ["--max-allowed-packet=64M"]
        options += ["--local-infile=1"] if infile else []
        options += ["--compress"] if compress else []
        return CommandLineClient(endpoint, options)


DRIVERS: tuple[Driver, ...] = (
    PyMySQL(), MySQLClient(), ConnectorPure(), ConnectorC(), MariaDBConnector(), AioMySQL(),
    AsyncMy(), SQLAlchemy(), CommandLine(),
)  # fmt: skip


def table() -> str:
    """Return the matrix for people: a row a driver, a column a topic."""
    lines = ["| driver | " + " | ".join(TOPICS) + " |", "|---" * (len(TOPICS) + 1) + "|"]
    for driver in DRIVERS:
        marks = ("yes" if topic in driver.topics else "-" for topic in TOPICS)
        lines.append(f"| {driver.name} | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def offering(topic: str, others_on: Sequence[str] = MOVING) -> Any:
    """Parametrise a test by the drivers that offer a topic, and by endpoints.

    The first driver, mostly PyMySQL, shows what each endpoint makes of a topic. The others show how
    they speak of it, on the cluster's endpoint and the proxy's unless told otherwise. A driver that is
    not here skips loudly.
    """
    first, *others = [driver for driver in DRIVERS if topic in driver.topics]
    pairs = [*((first, where) for where in ENDPOINTS)]
    pairs += [(driver, where) for driver in others for where in others_on]
    return pytest.mark.parametrize(
        ("driver", "endpoint"),
        [
            pytest.param(
                driver, where, marks=_skip(driver.missing()),
                id=f"{driver.name.replace(', ', '-')}-{where}",
            )
            for driver, where in pairs
        ],
        indirect=["endpoint"],
    )  # fmt: skip


def _skip(reason: str | None) -> Any:
    return () if reason is None else pytest.mark.skip(reason=reason)


def code_of(error: BaseException) -> int:
    """Return the server's error number, wherever a driver keeps it."""
    inner = getattr(error, "orig", None) or error
    number = getattr(inner, "errno", None)
    found: int = number if number is not None else inner.args[0]
    return found
