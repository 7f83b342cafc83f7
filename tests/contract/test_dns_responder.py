"""The name server on a real UDP port: when it has the port, answers, and gives it back."""

import socket
import threading

import pytest

from pytest_rdsfailover.model.errors import SettingError

pytest.importorskip("dns", reason="needs the extra dns")
import dns.message
import dns.query

from pytest_rdsfailover.local.dns.responder import DnsPort, Responder
from pytest_rdsfailover.local.dns.zone import HostAddress

NAME = "one.example"


class Zone:
    """Knows one name."""

    def owns(self, name):
        return name == NAME

    def resolve(self, name):
        return (HostAddress(name, "127.0.0.9", 5),)


def asked(port):
    answer = dns.query.udp(dns.message.make_query(NAME, "A"), "127.0.0.1", timeout=5, port=port)
    return answer.answer[0][0].address


@pytest.fixture
def port():
    port = DnsPort()
    yield port
    port.close()


def test_it_answers_from_its_start_to_its_end_and_ends_twice_without_harm(port):
    before = threading.active_count()
    responder = Responder(Zone(), port)
    assert [asked(port.number) for _ in range(3)] == ["127.0.0.9"] * 3
    assert threading.active_count() == before + 1
    responder.close()
    responder.close()
    assert threading.active_count() == before
    port.close()
    again = DnsPort(port.number)  # both are given back: the port itself and its reservation
    assert again.number == again.socket.getsockname()[1] == port.number
    assert again.socket.getsockname()[0] == "127.0.0.1"
    again.close()


def test_a_port_that_somebody_else_has_is_refused_by_its_option(port):
    number = port.number
    port.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", number))
        for _ in range(2):
            with pytest.raises(SettingError, match=f"--dns-port: the UDP port {number} is taken"):
                DnsPort(number)
    DnsPort(number).close()


def test_what_it_answers_is_there_as_soon_as_it_is_made(port):
    for _ in range(5):
        responder = Responder(Zone(), port)
        assert responder._ready.is_set()
        responder.close()
        port.close()
        port = DnsPort(port.number)
    port.close()
