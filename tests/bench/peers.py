"""Other tools on the same server: what they reach, and what they would have said of a freeze."""

import contextlib
import re
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql

TABLE = "bench"
LUA = f"""
function prepare() end
function cleanup() end
function thread_init()
  drv = sysbench.sql.driver(); con = drv:connect()
  seq = 0
end
function event()
  seq = seq + 1
  con:query("INSERT INTO {TABLE} (writer, sequence) VALUES (" .. sysbench.tid .. ", " .. seq .. ")")
end
"""


@dataclass(frozen=True)
class Speed:
    """What a tool reached: writes per second, microseconds of its own CPU per write."""

    writes: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.writes:,.0f}/s, {self.cpu:.0f} µs CPU a write"


@contextlib.contextmanager
def table(endpoint) -> Iterator[None]:
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            f"CREATE OR REPLACE TABLE {TABLE} (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
            " writer INT NOT NULL, sequence BIGINT NOT NULL) ENGINE=InnoDB"
        )
    try:
        yield
    finally:
        with endpoint.connect(read_timeout=30) as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {TABLE}")


@contextlib.contextmanager
def option_file(endpoint) -> Iterator[str]:
    """Keep the password in a file of mode 600: arguments are for all to see."""
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
        file.write(
            f"[client]\nhost={endpoint.host}\nport={endpoint.port}\nuser={endpoint.user}\n"
            f"password={endpoint.password}\nprotocol=tcp\nskip-ssl\n"
        )
        file.flush()
        yield file.name


@contextlib.contextmanager
def sysbench_command(endpoint, *options: str) -> Iterator[list[str]]:
    """Make the command; what sysbench reads its password from is a file, too."""
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory, "insert.lua")
        script.write_text(LUA)
        config = Path(directory, "config")
        config.touch(mode=0o600)
        config.write_text(
            f"mysql-host={endpoint.host}\nmysql-port={endpoint.port}\n"
            f"mysql-user={endpoint.user}\nmysql-password={endpoint.password}\n"
            f"mysql-db={endpoint.database}\n"
        )
        yield ["sysbench", f"--config-file={config}", *options, str(script), "run"]


def used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def sysbench(endpoint, writers: int, seconds: int) -> Speed | None:
    """Return sysbench's speed with our statement; None if it is not here."""
    if not shutil.which("sysbench"):
        return None
    options = (f"--threads={writers}", f"--time={seconds}")
    with table(endpoint), sysbench_command(endpoint, *options) as command:
        before = used()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        cpu = used() - before
    total = int(re.search(r"total number of events:\s+(\d+)", done.stdout)[1])
    took = float(re.search(r"total time:\s+([\d.]+)s", done.stdout)[1])
    return Speed(total / took, cpu / total * 1e6)


def slap(endpoint, writers: int, seconds: int) -> Speed | None:
    """Return mariadb-slap's speed; None if it is not here."""
    program = shutil.which("mariadb-slap")
    if not program:
        return None
    count = 10_000 * seconds
    with table(endpoint), option_file(endpoint) as file:
        before, begun = used(), time.monotonic()
        subprocess.run(
            [
                program, f"--defaults-file={file}", f"--create-schema={endpoint.database}",
                "--no-drop", f"--concurrency={writers}", f"--number-of-queries={count}",
                f"--query=INSERT INTO {TABLE} (writer, sequence) VALUES (1, 2)", "--delimiter=;",
            ],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        took, cpu = time.monotonic() - begun, used() - before
    return Speed(count / took, cpu / count * 1e6)


class LoopPeer(threading.Thread):
    """The usual script: connect, insert, sleep a second; its gap is what it would print."""

    def __init__(self, endpoint, pause: float) -> None:
        super().__init__(daemon=True)
        self._endpoint, self._pause = endpoint, pause
        self._over = threading.Event()
        self.acks: list[float] = []

    def run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(pymysql.MySQLError):
                with self._endpoint.connect() as connection, connection.cursor() as cursor:
                    cursor.execute(f"INSERT INTO {TABLE} (writer, sequence) VALUES (0, 0)")
                self.acks.append(time.monotonic())
            self._over.wait(self._pause)

    def stop(self) -> None:
        self._over.set()
        self.join(10)

    def gap(self, first: float, last: float) -> float:
        """Return the time between its last success before a freeze and its first one after."""
        before = max((at for at in self.acks if at <= first), default=first)
        after = min((at for at in self.acks if at >= last), default=last)
        return after - before


def sysbench_rows(endpoint, seconds: int) -> subprocess.Popen | None:
    """Start a paced sysbench that reports each second; None if it is not here."""
    return None if not shutil.which("sysbench") else _start_rows(endpoint, seconds)


def _start_rows(endpoint, seconds: int) -> subprocess.Popen:
    holder = sysbench_command(
        endpoint, "--threads=32", f"--time={seconds}", "--rate=1000", "--report-interval=1"
    )
    command = holder.__enter__()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    process.cleanup = lambda: holder.__exit__(None, None, None)
    return process
