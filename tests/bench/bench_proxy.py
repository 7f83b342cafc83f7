"""What the proxy costs: `python tests/bench/bench_proxy.py [seconds]`; needs sysbench and MariaDB.

Prints throughput and median latency of point selects over the server itself, a plain asyncio TCP
relay, the cluster endpoint and the proxy endpoint, then the proxy's memory per idle client.
"""

import re
import resource
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "local"))
import gateway_process
import gateway_server

RELAY = """
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
LATENCY = re.compile(r"95th percentile:\s+([\d.]+)")
RATE = re.compile(r"transactions:\s+\d+\s+\(([\d.]+) per sec")
IDLE = 2000


def sysbench(where, threads, seconds, step):
    command = [
        "sysbench", "oltp_point_select", "--mysql-user=app", f"--mysql-password={gateway_server.PASSWORD}",
        "--mysql-db=app", "--db-ps-mode=disable", "--tables=1", "--table-size=1000",
        f"--threads={threads}", f"--time={seconds}", "--percentile=95", *where, step,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def figures(output):
    average = re.search(r"avg:\s+([\d.]+)", output[output.index("Latency") :])
    return float(RATE.search(output)[1]), float(average[1])


def memory(pid):
    """Return the resident memory of a process in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with gateway_server.running("mariadb") as server, gateway_process.gateway(server) as gateway:
        relay = subprocess.Popen(
            [sys.executable, "-c", RELAY, server.socket], stdout=subprocess.PIPE
        )
        try:
            throughput(server, gateway, int(relay.stdout.readline()), seconds)
        finally:
            relay.kill()
            relay.wait()
        with gateway_process.gateway(server) as fresh:
            idle(fresh)


def throughput(server, gateway, relay, seconds):
    direct = [f"--mysql-socket={server.socket}"]
    sysbench(direct, 1, seconds, "prepare")
    places = {"server": direct}
    for name, port in {
        "relay": relay,
        "cluster": gateway.ports["cluster"],
        "proxy": gateway.ports["proxy"],
    }.items():
        places[name] = ["--mysql-host=127.0.0.1", f"--mysql-port={port}"]
    print(f"{'threads':>7} {'over':>8} {'tps':>8} {'of relay':>8} {'mean ms':>8} {'added ms':>8}")
    for threads in (1, 16, 64):
        found = {
            name: figures(sysbench(where, threads, seconds, "run"))
            for name, where in places.items()
        }
        for name, (rate, latency) in found.items():
            share, added = rate / found["relay"][0], latency - found["server"][1]
            print(f"{threads:7} {name:>8} {rate:8.0f} {share:8.2f} {latency:8.2f} {added:8.2f}")


def idle(gateway):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * IDLE + 200)), hard))
    pid = gateway.process.pid
    for tls in (False, True):
        with ExitStack() as stack:
            before = memory(pid)
            for _ in range(IDLE):
                options = {"ssl_disabled": False, "ssl": CONTEXT(gateway.ca)} if tls else {}
                stack.callback(gateway.connect("proxy", **options)._force_close)
            stats = gateway.proxy()["stats"]
            each = (memory(pid) - before) / IDLE
            kind = "TLS" if tls else "plain"
            print(
                f"{kind}: {each:.1f} kB per idle client, {IDLE} over {stats['database_connections']}"
            )


def context():
    import functools
    import ssl

    return functools.cache(lambda ca: ssl.create_default_context(cafile=ca))


CONTEXT = context()

if __name__ == "__main__":
    main()
