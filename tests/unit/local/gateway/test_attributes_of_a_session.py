"""A client's query attributes are no part of its statements, and reach only a server that takes them."""

import pytest
from server_talk import LOGIN, answer, taken

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.roles import PROTECT
from pytest_rdsfailover.local.gateway.session import InstanceSession
from pytest_rdsfailover.local.gateway.witness import TrafficCounter
from pytest_rdsfailover.mysql.handshake import (
    Capability,
    Greeting,
    encode_greeting,
    parse_greeting,
)
from pytest_rdsfailover.mysql.packets import encode, frame, ok_packet, parse_error

SENDS = Capability.QUERY_ATTRIBUTES
WITH = (int.from_bytes(LOGIN[:4], "little") | SENDS).to_bytes(4, "little") + LOGIN[4:]
ATTRIBUTE = b"\x01\x01\0\x01\xfe\0\x01n\x07run-0-7"
OK2 = ok_packet(2)


def session_at(*, writer, takes, seen=None):
    """Return the session of a client with attributes, at a server that takes them or does not."""
    session = InstanceSession(Instance(id="instance-1", writer=writer), seen=seen)
    offered = Capability(0xFFFFFFFF) if takes else Capability(0xFFFFFFFF) & ~SENDS
    greeting = Greeting(
        version=b"8.0.42", thread_id=7, capabilities=offered, status=2, charset=45,
        scramble=b"12345678abcdefghijkl", plugin=b"mysql_native_password",
    )  # fmt: skip
    session.from_server(frame(encode_greeting(greeting), 0))
    (shown,) = taken(session.to_client)
    assert parse_greeting(shown).capabilities & SENDS
    session.from_client(frame(WITH, 1))
    told = int.from_bytes(bytes(session.to_server[4:8]), "little")
    assert bool(told & SENDS) is takes
    session.from_server(frame(OK2, 2))
    session.to_client.clear()
    session.to_server.clear()
    return session


@pytest.mark.parametrize("takes", [True, False])
def test_each_command_is_sent_as_its_server_reads_it(takes):
    session = session_at(writer=False, takes=takes)
    session.from_client(encode(b"\x03" + ATTRIBUTE + b"DELETE FROM t"))
    assert taken(session.to_server) == [b"\x03" + b"\0\x01" * takes + PROTECT]
    answer(session, OK2)
    assert taken(session.to_server) == [b"\x03" + ATTRIBUTE * takes + b"DELETE FROM t"]
    answer(session, OK2)
    assert taken(session.to_client) == [OK2]


def test_what_is_malformed_is_answered_and_the_session_goes_on():
    session = session_at(writer=True, takes=True)
    session.from_client(encode(b"\x03\x01") + encode(b"\x03\0\x01SELECT 1"))
    assert taken(session.to_server) == [b"\x03\0\x01SELECT 1"]
    assert parse_error(taken(session.to_client)[0]).code == 1835


def test_a_key_in_an_attribute_is_no_key_of_its_statement():
    witness = TrafficCounter()
    witness.watch(b"run")
    session = session_at(writer=True, takes=True, seen=witness.at("cluster"))
    for text in (b"INSERT INTO t VALUES ('run-0-3')", b"INSERT INTO t VALUES (1)"):
        session.from_client(encode(b"\x03" + ATTRIBUTE + text))
        answer(session, ok_packet(2, affected=1))
    assert witness.tell(b"run")["cluster"].marked == 1


def test_an_execution_keeps_its_attributes_where_they_are_taken():
    for takes in (True, False):
        session = session_at(writer=True, takes=takes)
        session.from_client(encode(b"\x16DO 1"))
        answer(session, b"\0\x05\0\0\0\0\0\0\0\0\0\0")
        head = b"\x17\x05\0\0\0"
        session.to_server.clear()
        session.from_client(encode(head + b"\x08\x01\0\0\0" + ATTRIBUTE[:1] + ATTRIBUTE[2:]))
        whole = head + b"\x08\x01\0\0\0" + ATTRIBUTE[:1] + ATTRIBUTE[2:]
        assert taken(session.to_server) == [whole if takes else head + b"\0\x01\0\0\0"]
