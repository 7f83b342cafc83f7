"""To which addresses this process is connected now, to tell where a workload writes instead."""

import contextlib
import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

OPEN = Path("/proc/self/fd")
FAMILIES = (socket.AF_INET, socket.AF_INET6)


def peers() -> set[str]:
    """Return the other ends of this process' TCP connections; empty where the system does not tell."""
    found = set()
    for copy in _copies():
        with copy, contextlib.suppress(OSError):
            if copy.family in FAMILIES and copy.type == socket.SOCK_STREAM:
                found.add(_shown(*copy.getpeername()[:2]))
    return found


def _copies() -> Iterator[socket.socket]:
    """Yield a copy of each socket that this process holds open; some are closed meanwhile."""
    with contextlib.suppress(OSError):
        for entry in OPEN.iterdir():
            with contextlib.suppress(OSError):
                if entry.is_socket():
                    yield _copy(int(entry.name))


def _copy(descriptor: int) -> socket.socket:
    copied = os.dup(descriptor)
    try:
        return socket.socket(fileno=copied)
    except OSError:
        os.close(copied)
        raise


def _shown(host: str, port: int) -> str:
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    shown = f"[{mapped}]" if mapped.version == 6 else str(mapped)  # noqa: PLR2004 - IPv6
    return f"{shown}:{port}"
