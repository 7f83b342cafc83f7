"""The built-in Toxiproxy as a process: `python -m pytest_rdsfailover.local.toxiproxy.main`.

It prints one line of JSON when it is ready. It ends on SIGTERM, and at the end of its standard
input, so that it never outlives a process that started it with a pipe.
"""

import argparse
import asyncio
import functools
import json
import os
import signal
import sys
from contextlib import closing

from pytest_rdsfailover.local.toxiproxy.api import VERSION, Api
from pytest_rdsfailover.local.toxiproxy.http import serve
from pytest_rdsfailover.local.toxiproxy.request import HEAD_LIMIT

STDIN = 0
BLOCK = 1 << 12  # bytes


async def run(host: str, port: int) -> None:
    """Serve until told to stop.

    Raises:
        OSError: if *host* and *port* cannot be bound.
    """
    loop = asyncio.get_running_loop()
    api, stop = Api(), asyncio.Event()
    serving = functools.partial(serve, api)
    server = await asyncio.start_server(serving, host, port, limit=HEAD_LIMIT)
    with closing(api), closing(server):
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        _watch_stdin(loop, stop)
        ready = {"ready": True, "host": host, "port": port, "pid": os.getpid(), "version": VERSION}
        print(json.dumps(ready), flush=True)  # noqa: T201 - for the process that started it
        await stop.wait()


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    def read() -> None:
        if not os.read(STDIN, BLOCK):
            stop.set()

    try:
        loop.add_reader(STDIN, read)
    except PermissionError:
        # A file, such as /dev/null, cannot be waited for, and has reached its end already.
        stop.set()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="toxiproxy", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address of the REST API")
    parser.add_argument("--port", type=int, required=True, help="port of the REST API")
    arguments = parser.parse_args()
    try:
        asyncio.run(run(arguments.host, arguments.port))
    except OSError as error:
        sys.exit(f"cannot listen on {arguments.host}:{arguments.port}: {error}")


if __name__ == "__main__":
    main()
