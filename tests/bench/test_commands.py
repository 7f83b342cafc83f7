"""What the commands and the workloads for other languages cost: start-up, memory, lateness."""

import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pymysql
import pytest
from gauges import family

from pytest_rdsfailover.analysis.reliability import lateness, lateness_p99
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.statistics import median
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.http import HttpWorkload
from pytest_rdsfailover.load.programs import ProcessWorkload
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.user_code import CallWorkload

pytestmark = pytest.mark.bench
RUNS, SECONDS = 5, 4.0
COMMAND = [sys.executable, "-m", "pytest_rdsfailover.cli.main"]
PROGRAM = "import sys\nfor key in sys.stdin: print('ok', key.strip(), flush=True)"
RATES = (200, 1000)
WRITERS = 16


class Trivial(BaseHTTPRequestHandler):
    """Answers 200 at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def http():
    """The URL of a trivial server, in a process of its own."""
    child, parent = os.pipe()
    pid = os.fork()
    if pid == 0:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Trivial)
        os.write(parent, f"{server.server_port}\n".encode())
        server.serve_forever()
    port = int(os.read(child, 16))
    yield f"http://127.0.0.1:{port}/?ref={{key}}"
    os.kill(pid, 9)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", ["--http", "--exec"])
def test_lateness_of_a_workload_outside(table, http, kind, rate):
    journal = Journal(uuid.uuid4().hex[:8], WRITERS)
    workload = (
        HttpWorkload(url=http)
        if kind == "--http"
        else ProcessWorkload(command=[sys.executable, "-S", "-E", "-c", PROGRAM])
    )
    calls = CallWorkload(journal, workload.write, setup=workload.open, teardown=workload.close)
    with ThreadLoad(calls, journal, rate=rate):
        time.sleep(1.0)
        before, begun = len(journal), time.monotonic()
        time.sleep(SECONDS)
        count, taken = len(journal) - before, time.monotonic() - begun
    late = lateness_p99(lateness(series_of(journal))) / 1e6
    table.add(
        f"{kind} at {rate:,}/s, {WRITERS} writers, against what answers at once",
        f"{count / taken:,.0f}/s, schedule lateness p99 {late:.2f} ms",
    )


@contextlib.contextmanager
def standing(name):
    """A cluster by `rdsfailover up`, and how long it took to its first accepted connection."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [*COMMAND, "up", "--name", name, "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        told = json.loads(process.stdout.readline())
        account = {name: told[name] for name in ("user", "password", "database")}
        pymysql.connect(**told["endpoints"]["writer"], **account).close()
        yield time.monotonic() - begun, process.pid, told["environment"]["AWS_ENDPOINT_URL"]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def ask(url):
    """Have the cluster's AWS API start."""
    client = boto3.client(
        "rds", endpoint_url=url, region_name="us-east-2",
        aws_access_key_id="none", aws_secret_access_key="none",
    )  # fmt: skip
    client.describe_db_clusters()


def proportional_size(pid):
    """Return the memory of a process and all below it, in megabytes."""
    return sum(map(size_of, family(pid))) / 1024


def size_of(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def test_a_standing_cluster(table):
    taken, sizes, asked = [], [], []
    for number in range(RUNS + 1):
        with standing(f"bench-{os.getpid()}-{number}") as (seconds, pid, url):
            taken.append(seconds)
            sizes.append(proportional_size(pid))
            ask(url)
            asked.append(proportional_size(pid))
    warm = sorted(taken[1:])
    table.add(
        "`rdsfailover up` to the first accepted connection, warm",
        f"{median(warm):.2f} s ({warm[0]:.2f} to {warm[-1]:.2f}, n = {RUNS})",
        aim="≤ 1.5 s",
    )
    table.add(
        "memory of its processes together: without / with its AWS API",
        f"{median(sorted(sizes)):.0f} / {median(sorted(asked)):.0f} MB",
        aim="≤ 300 MB",
    )


def test_the_time_that_run_adds(table):
    added = []
    for number in range(RUNS + 1):
        begun = time.monotonic()
        name = f"bench-run-{os.getpid()}-{number}"
        subprocess.run([*COMMAND, "run", "--name", name, "--", "true"], check=True)
        added.append(time.monotonic() - begun)
    warm = sorted(added[1:])
    table.add(
        "`rdsfailover run -- true`, warm",
        f"{median(warm):.2f} s ({warm[0]:.2f} to {warm[-1]:.2f}, n = {RUNS})",
        aim="≤ 2 s",
    )
