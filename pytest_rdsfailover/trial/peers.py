"""To which addresses this process is connected now, to tell where a workload writes instead."""

import ipaddress
import os
import re
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc/self")
ESTABLISHED = "01"
SOCKET = re.compile(r"socket:\[(\d+)\]")


def peers() -> set[str]:
    """Return the other ends of this process' TCP connections; empty where the system does not tell."""
    try:
        own = set(_sockets())
        return {
            _address(remote)
            for table in ("tcp", "tcp6")
            for _, _, remote, state, *rest in _rows(PROC / "net" / table)
            if state == ESTABLISHED and rest[5] in own
        }
    except (OSError, ValueError, IndexError):
        return set()


def _sockets() -> Iterator[str]:
    """Yield the inodes of the sockets that this process holds open."""
    for entry in os.scandir(PROC / "fd"):
        try:
            match = SOCKET.fullmatch(os.readlink(entry.path))  # noqa: PTH115 - of each descriptor
        except OSError:
            continue  # closed meanwhile
        if match is not None:
            yield match[1]


def _rows(table: Path) -> Iterator[list[str]]:
    return (line.split() for line in table.read_text().splitlines()[1:])


def _address(text: str) -> str:
    """Return `host:port` of what the kernel writes, 32 bits after the other in the host's order."""
    host, _, port = text.partition(":")
    words = [bytes.fromhex(host[place : place + 8])[::-1] for place in range(0, len(host), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None) or address
    shown = f"[{mapped}]" if mapped.version == 6 else str(mapped)  # noqa: PLR2004 - IPv6
    return f"{shown}:{int(port, 16)}"
