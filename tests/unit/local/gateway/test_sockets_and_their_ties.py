"""One connection by itself: who makes it wait, when it reads on, and how it hangs up."""

import asyncio
import socket

import pytest
from paper_transport import PaperTransport

from pytest_rdsfailover.local.gateway import sockets
from pytest_rdsfailover.local.gateway.sockets import RESET, GatewayConnection, bound


class Peer(GatewayConnection):
    def data_received(self, data):
        self.received = data


def connected(**more):
    one = Peer()
    one.connection_made(wire := PaperTransport(**more))
    return one, wire


@pytest.fixture
def tied():
    (one, wire), (other, far) = connected(), connected()
    one.tie(other)
    return one, wire, other, far


def test_a_new_connection_waits_for_nobody_and_is_tied_to_nobody():
    one = Peer()
    assert (one.ahead, one.full, one.held, one.silent) == (False,) * 4
    assert (one.other, one.transport) == (None, None)


@pytest.mark.parametrize(
    ("family", "options"),
    [(socket.AF_INET, {socket.TCP_NODELAY: 1}), (socket.AF_INET6, {socket.TCP_NODELAY: 1}),
     (socket.AF_UNIX, {})],
)  # fmt: skip
def test_small_packets_are_sent_at_once_where_that_is_a_question(family, options):
    one, wire = connected(family=family)
    assert (wire.options, one.transport) == (options, wire)


def test_what_was_received_is_what_came_and_no_more():
    one, _ = connected()
    one.get_buffer(-1)[:5] = b"abcde"
    one.buffer_updated(3)
    assert one.received == b"abc"


def test_who_cannot_take_more_makes_the_other_one_wait(tied):
    one, wire, other, far = tied
    one.pause_writing()
    assert (one.full, other.held, wire.reads, far.reads) == (True, True, True, False)
    one.resume_writing()
    assert (one.full, other.held, wire.reads, far.reads) == (False, False, True, True)


@pytest.mark.parametrize("first", [True, False])
def test_who_is_full_already_makes_whom_it_is_tied_to_wait(first):
    (one, wire), (other, far) = connected(), connected()
    (one if first else other).pause_writing()
    assert wire.reads
    assert far.reads
    one.tie(other)
    assert (wire.reads, far.reads) == (first, not first)
    assert (one.held, other.held) == (not first, first)


def test_who_is_untied_reads_on_and_pauses_nobody_any_more(tied):
    one, wire, other, far = tied
    one.pause_writing()
    other.pause_writing()
    assert (wire.reads, far.reads) == (False, False)
    other.untie()
    assert (wire.reads, far.reads, one.other, other.other) == (True, True, None, None)
    one.pause_writing()
    one.untie()
    assert far.reads


def test_a_connection_is_tied_to_one_other_at_a_time(tied):
    one, _, other, far = tied
    third, last = connected()
    one.pause_writing()
    one.tie(third)
    assert (far.reads, other.other, third.held, last.reads) == (True, None, True, False)
    one.tie(third)
    assert (third.other, one.other, last.reads) == (one, third, False)
    fourth, _ = connected()
    fourth.tie(third)
    assert (one.other, last.reads) == (None, True)


def test_who_has_sent_enough_ahead_is_read_no_more_until_that_is_worked_on():
    one, wire = connected()
    for enough, ahead in ((False, False), (True, True), (True, True), (False, False)):
        one.read_ahead(enough=enough)
        assert (one.ahead, wire.reads) == (ahead, not ahead)
    Peer().read_ahead(enough=True)  # nobody is there to be read


@pytest.mark.parametrize("order", [("held", "ahead"), ("ahead", "held")])
def test_who_waits_for_two_reasons_reads_on_when_both_are_gone(tied, order):
    one, wire, other, _ = tied
    begin = {"held": other.pause_writing, "ahead": lambda: one.read_ahead(enough=True)}
    end = {"held": other.resume_writing, "ahead": lambda: one.read_ahead(enough=False)}
    for why in order:
        begin[why]()
    end[order[0]]()
    assert not wire.reads
    end[order[1]]()
    assert wire.reads


def test_who_is_silenced_is_never_read_again(tied):
    one, wire, other, _ = tied
    other.pause_writing()
    one.read_ahead(enough=True)
    one.silence()
    other.resume_writing()
    one.read_ahead(enough=False)
    assert (one.silent, wire.reads, wire.ends) == (True, False, [])
    Peer().silence()


def test_who_is_not_made_to_wait_is_not_told_to_read_on(tied):
    one, wire, _, _ = tied
    wire.reads = False
    one.listen_again()
    assert not wire.reads


def test_who_is_not_connected_cannot_be_made_to_wait_and_takes_nothing():
    one, data = Peer(), bytearray(b"a")
    one.hold()
    one.write(data)
    one.close()
    one.abort(reset=True)
    assert (one.held, data) == (False, b"a")


def test_what_is_written_is_sent_and_cleared():
    one, wire = connected()
    for data in (bytearray(b"ab"), bytearray(), bytearray(b"c")):
        one.write(data)
        assert not data
    assert wire.sent == b"abc"


@pytest.mark.parametrize(("reset", "options"), [(True, {socket.SO_LINGER: RESET}), (False, {})])
def test_who_is_aborted_is_reset_only_if_that_is_wanted(reset, options):
    one, wire = connected()
    wire.options.clear()
    one.abort(reset=reset)
    assert (wire.ends, wire.options) == (["aborted"], options)


def test_who_is_hung_up_on_already_is_not_reset():
    one, wire = connected()
    one.close()
    wire.options.clear()
    one.abort(reset=True)
    assert (wire.ends, wire.options) == (["closed", "aborted"], {})


def test_a_peer_that_sends_nothing_more_is_hung_up_on_once():
    one, wire = connected()
    for _ in range(2):
        assert one.eof_received() is None
    assert wire.ends == ["closed"]


@pytest.mark.parametrize(
    ("takes", "ends"), [([0], ["closed"]), ([9, 9], ["closed", "aborted"]), ([9, 5, 0], ["closed"]),
                        ([9, 5, 5], ["closed", "aborted"])],
)  # fmt: skip
def test_who_takes_nothing_of_what_is_left_for_it_is_aborted(monkeypatch, takes, ends):
    monkeypatch.setattr(sockets, "LINGER", 0.0)

    async def main():
        one, wire = connected()
        left = iter(takes)
        wire.get_write_buffer_size = lambda: next(left)
        one.close()
        for _ in range(10):
            await asyncio.sleep(0)
        assert (wire.ends, [*left]) == (ends, [])

    asyncio.run(main())


def test_a_listener_s_port_is_reserved_and_others_find_it_taken():
    with bound() as one, bound() as other:
        ports = [each.getsockname()[1] for each in (one, other)]
        assert ports[0] != ports[1]
        assert max(ports) < 32768
        assert one.getsockname()[0] == "127.0.0.1"
