"""A small name server on loopback, for other processes: it knows the names of one cluster only."""

import asyncio
import contextlib
import socket
import threading
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from pytest_rdsfailover.local.dns.zone import HostAlias, Zone
from pytest_rdsfailover.local.processes.ports import Port, reserve_port
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError

LOOPBACK = "127.0.0.1"
ENDS_WITHIN = 5.0  # seconds


class DnsPort:
    """A UDP port of 127.0.0.1, bound before there is anything to answer; a context manager.

    Args:
        wanted: the port; None for any free one.

    Attributes:
        number: the port.
        socket: bound to it.

    Raises:
        SettingError: if it is taken.
        RdsFailoverError: if no port is free.
    """

    def __init__(self, wanted: int | None = None) -> None:
        self._reserved: Port = reserve_port(wanted=wanted)
        self.number = self._reserved.number
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind((LOOPBACK, self.number))
        except OSError:
            self.close()
            raise SettingError(
                f"--dns-port: the UDP port {self.number} is taken on {LOOPBACK}; choose another, or 0"
                " for any free one"
            ) from None

    def close(self) -> None:
        """Give the port back; harmless the second time."""
        self.socket.close()
        self._reserved.release()


class Responder:
    """Answers questions about a cluster's names by UDP; a context manager.

    Args:
        zone: what it knows.
        port: where it listens.
    """

    def __init__(self, zone: Zone, port: DnsPort) -> None:
        self._zone, self._port = zone, port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="rds-dns", daemon=True)
        self._thread.start()
        self._ready.wait(ENDS_WITHIN)

    def close(self) -> None:
        """Stop answering; harmless the second time."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(ENDS_WITHIN)

    def _serve(self) -> None:
        listening = self._loop.create_datagram_endpoint(
            lambda: Datagrams(self._zone), sock=self._port.socket
        )
        transport, _ = self._loop.run_until_complete(listening)
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            transport.close()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram that is a question."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way on which answers go out."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer; what is no question gets no answer."""
        with contextlib.suppress(dns.exception.DNSException):
            answer = answered(self._zone, data)
            if self._transport is not None:
                self._transport.sendto(answer, addr)


def answered(zone: Zone, question: bytes) -> bytes:
    """Return the answer to a question, as name servers send it.

    Raises:
        dns.exception.DNSException: if it is none.
    """
    asked = dns.message.from_wire(question)
    answer = dns.message.make_response(asked)
    answer.flags |= dns.flags.AA
    answer.set_rcode(_fill(zone, asked, answer))
    return bytes(answer.to_wire())


def _fill(zone: Zone, asked: dns.message.Message, answer: dns.message.Message) -> int:
    """Put into an answer what is asked for; return its code."""
    if len(asked.question) != 1:
        return int(dns.rcode.FORMERR)
    wanted = asked.question[0]
    name = wanted.name.to_text().rstrip(".").lower()
    if not zone.owns(name):
        return int(dns.rcode.REFUSED)  # there are other name servers for that
    try:
        found = zone.resolve(name)
    except RdsFailoverError:
        return int(dns.rcode.SERVFAIL)
    if found is None:
        return int(dns.rcode.NXDOMAIN)
    for record in found:
        kind = dns.rdatatype.CNAME if isinstance(record, HostAlias) else dns.rdatatype.A
        if kind == dns.rdatatype.A and wanted.rdtype not in (kind, dns.rdatatype.ANY):
            continue  # there are no other addresses
        text = f"{record.target}." if isinstance(record, HostAlias) else record.address
        answer.answer.append(
            dns.rrset.from_text(f"{record.name}.", record.ttl, dns.rdataclass.IN, kind, text)
        )
    return int(dns.rcode.NOERROR)
