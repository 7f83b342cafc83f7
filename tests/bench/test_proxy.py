"""What the endpoints cost: sysbench over each of them, beside the server and a plain relay."""

import contextlib
import functools
import re
import resource
import shutil
import ssl
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "local"))

import gateway_process
import plain_server
from programs import HERE

from pytest_rdsfailover.analysis.statistics import median, median_interval
from pytest_rdsfailover.local.processes.process import Supervisor

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(
        shutil.which("sysbench") is None, reason="no sysbench on PATH: apt-get install sysbench"
    ),
]
ROUNDS, SECONDS = 11, 1
THREADS = (1, 16, 64)
SERVER, RELAY, CLUSTER, PROXY = (
    "the server itself", "a plain asyncio relay", "cluster endpoint", "proxy endpoint"
)  # fmt: skip
IDLE = 2000  # clients
RELAY_PROGRAM = """
import asyncio, sys
async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def serve(reader, writer):
    server = await asyncio.open_unix_connection(sys.argv[1])
    await asyncio.gather(pump(reader, server[1]), pump(server[0], writer), return_exceptions=True)
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
RATE = re.compile(r"transactions:\s+\d+\s+\(([\d.]+) per sec")
MEDIAN = re.compile(r"50th percentile:\s+([\d.]+)")


@pytest.fixture(scope="module")
def real_server():
    with Supervisor() as supervisor, plain_server.running(HERE["MariaDB"], supervisor) as server:
        yield server


@pytest.fixture
def gateway(real_server):
    with gateway_process.gateway(real_server) as running:
        yield running


@contextlib.contextmanager
def relay(server):
    """A relay that knows nothing of the protocol, as short as asyncio allows; gives its port."""
    process = subprocess.Popen(
        [sys.executable, "-c", RELAY_PROGRAM, server.socket], stdout=subprocess.PIPE
    )
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def sysbench(where, threads, step):
    """Run point selects; return transactions a second, and the median latency in milliseconds."""
    command = [
        "sysbench", "oltp_point_select", "--db-driver=mysql", "--mysql-user=app",
        f"--mysql-password={plain_server.PASSWORD}", "--mysql-db=app", "--db-ps-mode=disable",
        "--tables=1", "--table-size=1000", f"--threads={threads}", f"--time={SECONDS}",
        "--percentile=50", *where, step,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    if step != "run":
        return 0.0, 0.0
    return float(RATE.search(done.stdout)[1]), float(MEDIAN.search(done.stdout)[1])


def tcp(port):
    return ["--mysql-host=127.0.0.1", f"--mysql-port={port}"]


def share(rounds, who):
    """Return what one reached of the relay in the same round: the median, and its interval.

    The machine becomes slower and faster in the course of a minute, for all alike.
    """
    found = sorted(each[who][0] / each[RELAY][0] for each in rounds)
    low, high = median_interval(found)
    return f"{median(found):.2f} of the relay, {low:.2f} to {high:.2f}"


def test_selects_per_second(real_server, gateway, table):
    direct = [f"--mysql-socket={real_server.socket}"]
    sysbench(direct, 1, "prepare")
    with relay(real_server) as port:
        places = {
            SERVER: direct, RELAY: tcp(port), CLUSTER: tcp(gateway.ports["cluster"]),
            PROXY: tcp(gateway.ports["proxy"]),
        }  # fmt: skip
        for threads in THREADS:
            # In turn, so that noise meets all alike.
            rounds = [
                {who: sysbench(where, threads, "run") for who, where in places.items()}
                for _ in range(ROUNDS)
            ]
            for who in places:
                rate = median(sorted(each[who][0] for each in rounds))
                added = median(sorted(each[who][1] - each[SERVER][1] for each in rounds))
                table.add(
                    f"selects/s, {threads} threads",
                    f"{rate:,.0f}/s ({share(rounds, who)}), median {added:+.2f} ms",
                    who=who,
                    aim="≥ 0.7 of the relay" if who in (CLUSTER, PROXY) else "",
                )


@functools.cache
def verifying(ca):
    return ssl.create_default_context(cafile=ca)


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * IDLE + 200)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_memory_of_an_idle_client(gateway, table, tls):
    options = {"ssl_disabled": False, "ssl": verifying(gateway.ca)} if tls else {}
    with ExitStack() as stack:
        before = gateway.memory
        for _ in range(IDLE):
            stack.callback(gateway.connect("proxy", **options)._force_close)
        stats = gateway.proxy().stats
        each = (gateway.memory - before) / IDLE
    assert stats.client_connections == IDLE
    table.add(
        f"memory of an idle client, {IDLE:,} of them, {'TLS' if tls else 'plain'}",
        f"{each:.1f} kB, over {stats.database_connections} database connections",
        who=PROXY,
        aim="< 20 kB",
    )
