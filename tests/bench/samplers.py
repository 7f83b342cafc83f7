"""What the usual ways to watch a database say of freezes whose length is known."""

import contextlib
import json
import re
import shutil
import subprocess
import threading
import time
from itertools import pairwise

import tools

from pytest_rdsfailover.analysis.statistics import median
from pytest_rdsfailover.model.records import Window

PAUSE = 1.0  # seconds between two writes of a loop
SHELL = f"""
while :; do
  if timeout 1 "$0" --defaults-file="$1" -D "$2" -e "INSERT INTO {tools.TABLE} (writer, sequence) VALUES (0, 0)"
  then date +%s.%N; fi
  sleep {PAUSE:g}
done
"""
LOOP = f"""
import json, sys, time
import pymysql
told = json.load(open(sys.argv[1]))
while True:
    try:
        connection = pymysql.connect(autocommit=True, **told)
        connection.cursor().execute("INSERT INTO {tools.TABLE} (writer, sequence) VALUES (0, 0)")
        connection.close()
        print(time.time(), flush=True)
    except pymysql.MySQLError:
        pass
    time.sleep({PAUSE})
"""
NO_WRITE = re.compile(r"tps: 0\.00")


class Loop:
    """A script that writes, sleeps a second, and prints when it had written."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._times: list[float] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._times.append(float(line))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def said(self, freezes: list[Window]) -> str:
        """Return by how much its gaps miss the freezes."""
        errors = [self._gap(each) - each.seconds for each in freezes]
        return f"{median(sorted(errors)) * 1000:+,.0f} ms (n = {len(errors)})"

    def smallest(self, freezes: list[Window]) -> str:
        """Return its largest gap without a freeze: no shorter outage is one for certain."""
        calm = [
            after - before
            for before, after in pairwise(self._times)
            if not any(before <= each.stop and each.start <= after for each in freezes)
        ]
        return f"{max(calm) * 1000:,.0f} ms, its largest gap without a fault" if calm else "unknown"

    def _gap(self, freeze: Window) -> float:
        before = max((at for at in self._times if at <= freeze.stop), default=freeze.start)
        after = min((at for at in self._times if at > freeze.stop), default=freeze.stop)
        return after - before


@contextlib.contextmanager
def shell_loop(endpoint):
    """The `mariadb` client once a second, from a shell."""
    with tools.option_file(endpoint) as file:
        loop = Loop(["bash", "-c", SHELL, shutil.which("mariadb"), file, endpoint.database])
        try:
            yield loop
        finally:
            loop.stop()


@contextlib.contextmanager
def python_loop(endpoint, python: str):
    """PyMySQL once a second."""
    with (
        tools.secret_file(json.dumps(tools.server(endpoint))) as told,
        tools.secret_file(LOOP, ".py") as script,
    ):
        loop = Loop([python, script, told])
        try:
            yield loop
        finally:
            loop.stop()


class Rows:
    """sysbench at 1,000 writes a second with its report of each second."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process

    def said(self, freezes: list[Window]) -> tuple[str, int]:
        """Return how many seconds without a write it reported, in words and as a number."""
        output, _ = self._process.communicate(timeout=60)
        zero = len(NO_WRITE.findall(output))
        longest = float(re.search(r"max:\s+([\d.]+)", output)[1]) / 1000
        true = sum(each.seconds for each in freezes)
        words = (
            f"{(zero - true) / len(freezes) * 1000:+,.0f} ms: {zero} seconds without a write in"
            f" {len(freezes)} freezes; longest write {longest * 1000:,.0f} ms"
        )
        return words, zero


@contextlib.contextmanager
def sysbench_rows(endpoint, seconds: int):
    options = ("--threads=32", f"--time={seconds}", "--rate=1000", "--report-interval=1")
    with (
        tools.sysbench_command(endpoint, *options) as command,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            yield Rows(process)
        finally:
            process.kill()


def locust_longest(process: subprocess.Popen) -> float:
    """Return its longest response in seconds, the only figure of it that a freeze shows in."""
    output, _ = process.communicate(timeout=60)
    (found,) = json.loads(output)
    return found["max_response_time"] / 1000


def freeze(own, count: int, seconds: float, apart: float) -> list[Window]:
    """Freeze a server some times; return when, in seconds of the epoch."""
    epoch = time.time_ns() - time.monotonic_ns()
    found = []
    for _ in range(count):
        time.sleep(apart)
        stopped = own.process.freeze()
        try:
            time.sleep(seconds)
        finally:
            released = own.process.thaw()
        moments = sum(stopped) // 2, released[0]
        found.append(Window(*((moment + epoch) / 1e9 for moment in moments)))
    time.sleep(apart)
    return found
