"""When writers are back after every session of theirs was killed, read from the rows they left."""

import contextlib
import json
import subprocess
import time
from dataclasses import dataclass
from itertools import pairwise

import tools

from pytest_rdsfailover.local.server import accounts

WRITERS, RATE = 32, 1000
PATIENCE = 5.0  # seconds after the kill
# As a program does it that leaves everything to PyMySQL: connect when the last write failed.
PLAIN = f"""
import json, sys, threading, time
import pymysql
told = json.load(open(sys.argv[1]))
def write(writer):
    connection, sequence = None, 0
    time.sleep(writer / {RATE})
    while True:
        sequence += 1
        try:
            connection = connection or pymysql.connect(autocommit=True, **told)
            connection.cursor().execute(
                "INSERT INTO {tools.TABLE} (writer, sequence) VALUES (%s, %s)", (writer, sequence))
        except pymysql.MySQLError:
            connection = None
        time.sleep({WRITERS} / {RATE})
for writer in range({WRITERS}):
    threading.Thread(target=write, args=(writer,)).start()
"""


@dataclass(frozen=True)
class Return:
    """In seconds: the longest time without a write of anybody, and when the last writer wrote."""

    gap: float
    last: float


def notes_the_time(own, table: str) -> None:
    """Let each row of a table say when it was written."""
    with admin(own) as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6)")


@contextlib.contextmanager
def admin(own):
    with (
        accounts.session(own.address, own.admin) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"USE {own.application.database}")
        yield cursor


def kill_all(own) -> tuple[float, float]:
    """Kill every session of the application; return between which seconds of the epoch."""
    user = own.application.user
    with admin(own) as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", (user,))
        kills = [f"KILL CONNECTION {number}" for (number,) in cursor.fetchall()]
        if "MariaDB" in own.about:  # has one word for all of them
            kills = [f"KILL CONNECTION USER '{user}'"]
        since = time.time()
        for kill in kills:
            cursor.execute(kill)
        return since, time.time()


def returned(own, table: str, since: float, until: float) -> Return | None:
    """Return what the rows say; None if not every writer is back yet."""
    with admin(own) as cursor:
        cursor.execute(f"SELECT writer, UNIX_TIMESTAMP(at) FROM {table} ORDER BY at")
        rows = [(writer, float(at)) for writer, at in cursor.fetchall()]
    times = [at for _, at in rows if at > since - 0.1]
    gap = max((after - before for before, after in pairwise(times)), default=0.0)
    back: dict[int, float] = {}
    for writer, at in rows:
        if at > until:
            back.setdefault(writer, at)
    return Return(gap, max(back.values()) - since) if len(back) == WRITERS else None


def measure(own, table: str) -> Return | None:
    """Kill everybody while they write into a table, and see when they are back."""
    notes_the_time(own, table)
    wait_for_all(own, table, since=time.time(), timeout=20.0)
    time.sleep(0.3)
    between = kill_all(own)
    wait_for_all(own, table, since=between[1], timeout=PATIENCE)
    return returned(own, table, *between)


def wait_for_all(own, table: str, *, since: float, timeout: float) -> None:
    """Wait until every writer wrote since a moment, or for so many seconds."""
    deadline = time.monotonic() + timeout
    with admin(own) as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                f"SELECT COUNT(DISTINCT writer) FROM {table} WHERE at > FROM_UNIXTIME(%s)", (since,)
            )
            if cursor.fetchone()[0] >= WRITERS:
                return
            time.sleep(0.2)


def plain(own, endpoint, python: str) -> Return | None:
    """Measure threads that leave everything to PyMySQL's defaults."""
    told = tools.secret_file(json.dumps(tools.server(endpoint)))
    with tools.table(endpoint), told as where, tools.secret_file(PLAIN, ".py") as script:
        return _measured([python, script, where], own)


def sysbench(own, endpoint) -> Return | None:
    """Measure sysbench, told to go on after errors."""
    options = (f"--threads={WRITERS}", "--time=20", f"--rate={RATE}", "--mysql-ignore-errors=all")
    with tools.table(endpoint), tools.sysbench_command(endpoint, *options) as command:
        return _measured(command, own)


def _measured(command: list[str], own) -> Return | None:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return measure(own, tools.TABLE)
    finally:
        process.kill()
        process.wait()
