"""In which words a name server answers for a cluster's names."""

import pytest
from zones import FIRST, NAMES, WRITER, Cluster

pytest.importorskip("dns", reason="needs the extra dns")
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from pytest_rdsfailover.local.dns.responder import Datagrams, answered


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def zone(cluster):
    return cluster.zone()


def asked(zone, name, kind="A"):
    return dns.message.from_wire(answered(zone, dns.message.make_query(name, kind).to_wire()))


def test_an_answer_is_authoritative_and_has_the_alias_and_the_address(zone):
    answer = asked(zone, WRITER.upper())

    assert answer.flags & dns.flags.AA
    alias, address = answer.answer
    assert (alias.ttl, alias[0].to_text().lower()) == (5, f"{FIRST}.")
    assert address[0].to_text() == "127.0.0.11"


def test_there_is_no_ipv6_address_and_that_is_no_error(zone):
    answer = asked(zone, FIRST, "AAAA")
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize(
    ("name", "code"), [(f"x.{NAMES.domain}", "NXDOMAIN"), ("example.com", "REFUSED")]
)
def test_what_it_does_not_know_is_told(zone, name, code):
    assert dns.rcode.to_text(asked(zone, name).rcode()) == code


def test_a_cluster_that_cannot_tell_is_a_failure_of_the_server(zone, cluster):
    cluster.fails = True
    assert asked(zone, WRITER).rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("data", [b"", b"\0", b"x" * 600])
def test_what_is_no_question_gets_no_answer(zone, data):
    datagrams = Datagrams(zone)
    datagrams.datagram_received(data, ("127.0.0.1", 1))  # raises nothing, and has no way out


def test_of_a_name_that_is_no_alias_other_kinds_have_no_record_and_any_has_all(zone):
    assert len(asked(zone, FIRST, "ANY").answer) == 1
    assert asked(zone, FIRST, "TXT").answer == []
    (alias,) = asked(zone, WRITER, "AAAA").answer  # where it leads, another question may ask
    assert alias.rdtype == dns.rdatatype.CNAME
    assert len(asked(zone, WRITER, "ANY").answer) == 2


@pytest.mark.parametrize("questions", [0, 2])
def test_one_question_at_a_time_is_answered(zone, questions):
    query = dns.message.make_query(WRITER, "A")
    query.question = query.question * questions
    answer = dns.message.from_wire(answered(zone, query.to_wire()))
    assert (answer.rcode(), answer.answer) == (dns.rcode.FORMERR, [])


def test_an_answer_belongs_to_its_question(zone):
    query = dns.message.make_query(FIRST, "A")
    answer = dns.message.from_wire(answered(zone, query.to_wire()))
    assert query.is_response(answer)
    assert answer.answer[0].ttl == 5


class Transport:
    """Notes what is sent to whom."""

    def __init__(self):
        self.sent = []

    def sendto(self, data, address):
        self.sent.append((data, address))


def test_each_question_is_answered_to_whoever_asked(zone):
    datagrams, transport = Datagrams(zone), Transport()
    question = dns.message.make_query(FIRST, "A").to_wire()
    datagrams.datagram_received(question, ("127.0.0.1", 1))  # before there is a way out
    datagrams.connection_made(transport)
    datagrams.datagram_received(question, ("127.0.0.1", 2))
    datagrams.datagram_received(b"no question", ("127.0.0.1", 3))
    assert transport.sent == [(answered(zone, question), ("127.0.0.1", 2))]
