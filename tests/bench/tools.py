"""Other tools on the same server: how they are told where it is, and what they write."""

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
LOCUST = f"""
import json, os, sys, time
import pymysql
from locust import User, constant_throughput, events, task
told = json.load(open(os.environ["BENCH_TOLD"]))
class Writer(User):
    if told["rate"]:
        wait_time = constant_throughput(told["rate"] / told["users"])
    def on_start(self):
        self.cursor = pymysql.connect(autocommit=True, ssl_disabled=True, **told["server"]).cursor()
        self.sequence = 0
    @task
    def write(self):
        self.sequence += 1
        begun = time.perf_counter()
        self.cursor.execute("INSERT INTO {TABLE} (writer, sequence) VALUES (%s, %s)", (1, self.sequence))
        events.request.fire(request_type="sql", name="insert", response_length=0, exception=None,
            response_time=(time.perf_counter() - begun) * 1000, context={{}})
used = 0.0
@events.spawning_complete.add_listener
def begin(**_):
    global used
    used = time.process_time()
@events.test_stop.add_listener
def end(**_):
    print("CPU", time.process_time() - used, file=sys.stderr)
"""


@contextlib.contextmanager
def table(endpoint) -> Iterator[None]:
    """Keep the table that all of them write into; it notes when each row was written."""
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(
            f"CREATE TABLE {TABLE} (id BIGINT AUTO_INCREMENT PRIMARY KEY, writer INT NOT NULL,"
            " sequence BIGINT NOT NULL) ENGINE=InnoDB"
        )
    try:
        yield
    finally:
        with endpoint.connect(read_timeout=30) as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {TABLE}")


@contextlib.contextmanager
def secret_file(text: str, suffix: str = "") -> Iterator[str]:
    """Keep what holds a password in a file of mode 600: arguments are for all to see."""
    with tempfile.NamedTemporaryFile("w", suffix=suffix) as file:
        file.write(text)
        file.flush()
        yield file.name


def option_file(endpoint) -> contextlib.AbstractContextManager[str]:
    """Keep the options of MariaDB's own clients."""
    return secret_file(
        f"[client]\nhost={endpoint.host}\nport={endpoint.port}\nuser={endpoint.user}\n"
        f"password={endpoint.password}\nprotocol=tcp\nskip-ssl\n",
        ".cnf",
    )


@contextlib.contextmanager
def sysbench_command(endpoint, *options: str) -> Iterator[list[str]]:
    config = (
        f"mysql-host={endpoint.host}\nmysql-port={endpoint.port}\n"
        f"mysql-user={endpoint.user}\nmysql-password={endpoint.password}\n"
        f"mysql-db={endpoint.database}\n"
    )
    with secret_file(config) as where, secret_file(LUA, ".lua") as script:
        yield ["sysbench", f"--config-file={where}", *options, script, "run"]


def server(endpoint) -> dict[str, object]:
    """Return the arguments of `pymysql.connect`, with its defaults for all the rest."""
    return {
        "host": endpoint.host, "port": endpoint.port, "user": endpoint.user,
        "password": endpoint.password, "database": endpoint.database,
    }  # fmt: skip


@contextlib.contextmanager
def locust(
    endpoint, *, users: int, seconds: float, rate: float = 0.0
) -> Iterator[subprocess.Popen]:
    """Run Locust; its statistics are JSON on its output, its CPU the last word of its errors."""
    told = json.dumps({"server": server(endpoint), "rate": rate, "users": users})
    with (
        secret_file(told) as where,
        secret_file(LOCUST, ".py") as script,
        subprocess.Popen(
            [
                "locust", "-f", script, "--headless", "--json", "--skip-log", "--reset-stats",
                "-u", str(users), "-r", str(users), "-t", f"{seconds}s",
            ],
            env={"PATH": str(Path(shutil.which("locust") or "").parent), "BENCH_TOLD": where},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
