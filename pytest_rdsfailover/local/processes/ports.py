"""Free ports below those that the system hands out to clients, reserved across processes.

A port in the system's own range can connect to itself while nobody listens on it, and a client
anywhere on the machine may take it between two starts of a server.
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

    def __enter__(self) -> int:
        return self.number

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<Port {self.number}>"

    def release(self) -> None:
        """Let others have it; harmless the second time."""
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
    locks = cache_directory(environ) / "ports"
    locks.mkdir(exist_ok=True)
    for number in _candidates() if wanted is None else (wanted,):
        port = _try(number, addresses, locks)
        if port is not None:
            return port
    where = ", ".join(addresses)
    if wanted is not None:
        raise SettingError(
            f"port {wanted} is taken on {where}; choose another with --rds-port, or leave the"
            " option out to get a free one"
        )
    raise RdsFailoverError(f"no port from {LOWEST} to {ceiling() - 1} is free on {where}")


def ceiling() -> int:
    """Return the lowest port that the system may hand out to clients."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return min(CEILING, int(RANGE.read_text().split()[0]))
    return CEILING


def _candidates() -> Iterator[int]:
    numbers = list(range(LOWEST, ceiling()))
    random.SystemRandom().shuffle(numbers)  # not the run's seed: two equal runs may be parallel
    return iter(numbers)


def _try(number: int, addresses: Sequence[str], locks: Path) -> Port | None:
    lock = FileLock(locks / f"{number}.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    port = Port(number, lock)
    if all(is_free(address, number) for address in addresses):
        return port
    port.release()
    return None


def is_free(address: str, number: int) -> bool:
    """Tell whether a server could listen on the port of that address now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do it: what remains of closed connections does not matter, a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, number))
            probe.listen(1)
        except OSError:
            return False
    return True
