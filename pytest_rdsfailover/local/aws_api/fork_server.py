"""moto, imported once for several clusters: `python -m pytest_rdsfailover.local.aws_api.fork_server SOCKET`.

SOCKET is a path to listen at. When it listens, the process prints a line. Each connection is one AWS
API: a fork of this process that shares the imported modules' memory with all others, and nothing else,
so that no cluster sees what another one's tests have changed. The connection is the fork's standard
input and output. Its one request is the line {"config": CONFIG, "port": PORT}, which are the arguments
of `main.py`; its log is beside CONFIG. Its first line is its process id.

A fork ends with its connection, and with the process that has opened it: we kill it, so that even a
frozen one ends. All end with us, and we with our standard input. We have one thread, ever: others would
not survive a fork. Linux only.
"""

import ctypes
import json
import os
import select
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from pytest_rdsfailover.local.aws_api.peers import peer

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
BACKLOG = 100
MOST_DESCRIPTORS = 1 << 16
BLOCK = 4096  # bytes
USAGE = "usage: python -m pytest_rdsfailover.local.aws_api.fork_server SOCKET"


class Fork:
    """One AWS API: a child of this process.

    Args:
        connection: leads to who has asked for it.

    Attributes:
        watched: descriptors by which we see that it has to end, or has ended.

    Raises:
        ProcessLookupError: if who has asked has ended already.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        # Who has asked may have forks of its own, which hold the connection open.
        asker = os.pidfd_open(peer(connection).process)
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            become(connection, parent)
        self.watched = {
            connection.fileno(): select.POLLRDHUP,  # what can be read there is for the fork
            asker: select.POLLIN,
            os.pidfd_open(self._pid): select.POLLIN,
        }

    def end(self) -> None:
        """Kill it, and let who has asked know that it has ended."""
        os.kill(self._pid, signal.SIGKILL)  # nobody else reaps it, so its id is its own
        os.waitpid(self._pid, 0)
        self._connection.detach()
        for number in self.watched:
            os.close(number)


def become(connection: socket.socket, parent: int) -> NoReturn:
    """Turn this fresh child into the process of an AWS API; never returns."""
    try:
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == parent:  # else it died before we had asked to be told
            for number in (0, 1):
                os.dup2(connection.fileno(), number)
            os.write(1, b"%d\n" % os.getpid())
            os.closerange(3, MOST_DESCRIPTORS)  # among them connections of others, which shall end
            request = json.loads(_line())
            log = Path(request["config"]).with_suffix(".log")
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
            from pytest_rdsfailover.local.aws_api import main as api

            api.main([request["config"], str(request["port"])])
    except BaseException:  # noqa: BLE001 - nobody else would tell
        traceback.print_exc()
    finally:
        os._exit(1)


def _line() -> bytes:
    """Return the first line of standard input, or all if there is none."""
    line = b""
    while not line.endswith(b"\n") and (block := os.read(0, BLOCK)):
        line += block
    return line


def serve(listener: socket.socket) -> None:
    """Serve until our standard input ends."""
    poll = select.poll()
    forks: dict[int, Fork] = {}
    for number in (0, listener.fileno()):
        poll.register(number, select.POLLIN)
    while True:
        ready = [number for number, _ in poll.poll()]
        if 0 in ready:
            break
        for fork in {forks[number] for number in ready if number in forks}:
            for number in fork.watched:
                poll.unregister(number)
                del forks[number]
            fork.end()
        if listener.fileno() in ready:
            connection, _ = listener.accept()
            try:
                fork = Fork(connection)
            except ProcessLookupError:
                connection.close()
                continue
            for number, sign in fork.watched.items():
                poll.register(number, sign)
                forks[number] = fork
    for fork in set(forks.values()):
        fork.end()


def main(arguments: list[str]) -> int:
    """Listen, import moto, and serve; return a status for the shell."""
    if len(arguments) != 1:
        print(USAGE, file=sys.stderr)  # noqa: T201
        return 2
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(arguments[0])
        listener.listen(BACKLOG)
        print("listening", flush=True)  # noqa: T201 - waited for; who connects now waits for moto
        from pytest_rdsfailover.local.aws_api import main as api

        api.region_maker()
        serve(listener)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
