"""Free ports of this machine, reserved across processes.

A port that the system may hand out to clients can connect to itself while nobody listens on it, and
a client anywhere on the machine may take it between two starts of a server. So ports below all those
come first. Where there are too few, because somebody has widened the system's range, another one is
held: bound, and not listened on, for as long as it is reserved. The system hands out no port that is
bound, a connection to it is refused, and a server that sets SO_REUSEADDR, as all of ours do, can
listen on it beside that.
"""

import contextlib
import os
import random
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_rdsfailover.local.processes.cache import cache_directory
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError

LOWEST, CEILING = 10000, 32768
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOOPBACK = ("127.0.0.1",)


class Port:
    """A reserved port; a context manager that releases it.

    Attributes:
        number: the port.
    """

    def __init__(self, number: int, lock: FileLock) -> None:
        self.number = number
        self._lock = lock
        self._held: list[socket.socket] = []

    def __enter__(self) -> int:
        return self.number

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<Port {self.number}>"

    def hold(self, addresses: Sequence[str]) -> None:
        """Keep the system from handing it out; a server can still listen on it."""
        for address in addresses:
            self._held.append(_bound(address, self.number))

    def release(self) -> None:
        """Let others have it; harmless the second time."""
        for bound in self._held:
            bound.close()
        self._held.clear()
        if self._lock.is_locked:
            # Its file stays: to remove a lock file lets two processes hold two files of one name.
            self._lock.release(force=True)


def reserve_port(
    addresses: Sequence[str] = LOOPBACK,
    *,
    wanted: int | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Port:
    """Reserve a port that is free on every one of *addresses*.

    No other process that asks here gets it until it is released or this process ends.

    Args:
        addresses: IP addresses of this machine.
        wanted: the only port to consider; None for any.
        environ: where to find the cache directory, which holds the locks.

    Raises:
        SettingError: if the wanted port is taken.
        RdsFailoverError: if no port is free.
    """
    locks = cache_directory(environ) / "ports"  # made with the first lock
    for number in _candidates() if wanted is None else (wanted,):
        port = _try(number, addresses, locks)
        if port is not None:
            return port
    if wanted is not None:
        raise SettingError(
            f"port {wanted} is taken{_where(wanted, addresses)}; choose another with --rds-port, or"
            " leave the option out to get a free one"
        )
    where = ", ".join(addresses)
    raise RdsFailoverError(
        f"no port from {LOWEST} to {CEILING - 1} is free on {where}; end programs that listen there"
        " (`ss -tln` shows them), or let this process open more files (`ulimit -n`)"
    )


def _where(number: int, addresses: Sequence[str]) -> str:
    """Return on which address a port is taken, and on how many; that we have reserved it for others."""
    taken = [address for address in addresses if not is_free(address, number)]
    if not taken:
        return " by another cluster"
    more = f" and {len(taken) - 1} more" if taken[1:] else ""
    return f" on {taken[0]}{more}"


def ceiling() -> int:
    """Return the lowest port that the system may hand out to clients."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return min(CEILING, int(RANGE.read_text().split()[0]))
    return CEILING


def _candidates() -> Iterator[int]:
    """Yield all ports that we may use; last those that have to be held."""
    edge = max(LOWEST, ceiling())
    for part in (range(LOWEST, edge), range(edge, CEILING)):
        # At random and not by the run's seed, because two equal runs may run at the same time.
        first = random.SystemRandom().randrange(len(part) or 1)
        yield from (*part[first:], *part[:first])


def _try(number: int, addresses: Sequence[str], locks: Path) -> Port | None:
    lock = FileLock(locks / f"{number}.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    port = Port(number, lock)
    try:
        if all(is_free(address, number) for address in addresses):
            if number >= ceiling():
                port.hold(addresses)
            return port
    except OSError:  # the system has just given it to a client
        pass
    port.release()
    return None


def is_free(address: str, number: int) -> bool:
    """Tell whether a server could listen on the port of that address now."""
    try:
        with _bound(address, number) as probe:
            probe.listen(1)
    except OSError:
        return False
    return True


def _bound(address: str, number: int) -> socket.socket:
    """Return a socket bound as servers bind: only another listener on the port prevents it.

    Raises:
        OSError: if there is one, or a client has the port.
    """
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, number))
    except OSError:
        made.close()
        raise
    return made
