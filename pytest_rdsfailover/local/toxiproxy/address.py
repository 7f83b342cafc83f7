"""Addresses as Toxiproxy writes them, `host:port`, and its words for those that are none."""

import re
import socket

Resolved = tuple[str, int]

NUMBER = re.compile(r"[+-]?[0-9]+")
LAST_PORT = 65535
LONGEST = 9  # signs of a port: Python reads no number of thousands of digits


def split(address: str) -> tuple[str, int]:
    """Return the host, which may be empty, and the port, 0 for any; a port may be a service's name.

    Raises:
        ValueError: if *address* is none, in the words of the original.
    """
    if not address:
        return "", 0
    host, port = _parts(address)
    return host, _port(port)


def resolve(address: str) -> tuple[socket.AddressFamily, Resolved]:
    """Return the family and the socket address that a name means here.

    Raises:
        ValueError: if *address* is none, or its host is unknown.
    """
    host, port = split(address)
    try:
        infos = socket.getaddrinfo(host or "::", port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ValueError(f"lookup {host}: no such host") from None
    # A name that has IPv4 and IPv6 addresses means IPv4, which every machine has.
    family, _, _, _, resolved = min(infos, key=lambda info: info[0])
    return family, (str(resolved[0]), int(resolved[1]))


def text(address: Resolved) -> str:
    """Return a socket address as `host:port`."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _parts(address: str) -> tuple[str, str]:
    """Return host and port; colons within the host need brackets around it."""

    def wrong(what: str) -> ValueError:
        return ValueError(f"address {address}: {what} in address")

    host, colon, port = address.rpartition(":")
    if not colon:
        raise wrong("missing port")
    if address.startswith("["):
        inside, bracket, rest = address[1:].partition("]")
        if not bracket:
            raise wrong("missing ']'")
        if rest != f":{port}":
            raise wrong("too many colons" if rest.startswith(":") else "missing port")
        host = inside
    elif ":" in host:
        raise wrong("too many colons")
    for bracket in "[]":
        if bracket in host + port:
            raise wrong(f"unexpected '{bracket}'")
    return host, port


def _port(port: str) -> int:
    if not port:
        return 0
    if NUMBER.fullmatch(port.strip()):
        if len(port) > LONGEST or not 0 <= int(port) <= LAST_PORT:
            raise ValueError(f"address {port}: invalid port")
        return int(port)
    try:
        return socket.getservbyname(port, "tcp")
    except (OSError, ValueError):
        raise ValueError(f"lookup tcp/{port}: unknown port") from None
