import pytest

from pytest_rdsfailover.mysql.packets import (
    MAX_PAYLOAD,
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    STATUS_MORE_RESULTS,
    Packet,
    ProtocolError,
    ServerFault,
    eof_packet,
    error_packet,
    frame,
    ok_packet,
)
from pytest_rdsfailover.mysql.response_reader import ResponseReader
from pytest_rdsfailover.mysql.responses import Command, Part

COLUMN = b"\x03def\0\0\0\x01a\0\x0c"
ROW = b"\x01x"
OK2, EOF2 = ok_packet(2), eof_packet(2)
ERROR = error_packet(ServerFault(1053, "08S01", "Server shutdown in progress"))


def reading(command):
    reader = ResponseReader()
    reader.begin(command)
    return reader


def framed(*payloads):
    return b"".join(frame(payload, number) for number, payload in enumerate(payloads, 1))


def followed(reader, *payloads):
    return [reader.follow(Packet(1, payload)) for payload in payloads]


def test_the_status_is_the_latest_that_a_response_told():
    reader = reading(Command.QUERY)
    assert reader.status == STATUS_AUTOCOMMIT
    assert followed(reader, ok_packet(STATUS_IN_TRANS)) == [Part.END]
    assert reader.status == STATUS_IN_TRANS

    reader.begin(Command.QUERY)
    followed(reader, ERROR)
    assert reader.status == STATUS_IN_TRANS  # an error tells none


def test_a_response_is_owed_until_it_was_ended():
    reader = reading(Command.QUERY)
    followed(reader, ok_packet(STATUS_MORE_RESULTS))
    assert reader.response is not None
    assert not reader.response.done
    followed(reader, OK2)
    assert reader.response.done
    reader.end()
    assert reader.response is None


def test_a_response_is_told_at_its_end_and_once():
    told = []
    reader = ResponseReader(told.append)
    for payload in (OK2, ERROR):
        reader.begin(Command.QUERY)
        followed(reader, payload)
        reader.end()
        reader.end()

    assert [response.error for response in told] == [0, 1053]


def test_received_bytes_are_packets_in_order():
    reader = ResponseReader()
    assert reader.packets(framed(OK2, ROW)[:-1]) == [Packet(1, OK2)]
    assert reader.packets(ROW[-1:]) == [Packet(2, ROW)]


def test_a_command_without_an_answer_is_owed_none():
    assert reading(Command.STMT_CLOSE).response is None


@pytest.mark.parametrize("rest", [b"more", EOF2, ERROR, b""])
def test_what_continues_a_packet_is_nothing_of_its_own_and_is_not_skipped(rest):
    reader = reading(Command.QUERY)
    followed(reader, b"\x01", COLUMN, EOF2)
    skipped, packets = reader.skip(framed(bytes(MAX_PAYLOAD)))
    assert (skipped, len(packets)) == (b"", 1)
    assert reader.follow(packets[0]) is Part.ROW

    skipped, packets = reader.skip(framed(rest, ROW))
    assert skipped == b""
    assert [reader.follow(one) for one in packets] == [None, Part.ROW]


def test_skipped_packets_come_as_they_were_and_count_as_followed():
    reader = reading(Command.QUERY)
    middle, end = framed(b"\x01", COLUMN, EOF2, ROW, ROW), framed(EOF2)
    cut = len(middle) + 3
    assert reader.skip((middle + end)[:cut]) == (middle, [])
    assert reader.pending == 3

    skipped, packets = reader.skip((middle + end)[cut:])
    assert skipped == b""
    assert [reader.follow(one) for one in packets] == [Part.END]
    assert reader.pending == 0


def test_what_was_asked_of_the_client_may_come_until_the_response_has_ended():
    reader = reading(Command.QUERY)
    assert not reader.asks
    assert followed(reader, b"\xfb/etc/file") == [Part.ASK]
    assert reader.asks
    followed(reader, ERROR)
    reader.end()
    assert not reader.asks


def test_unasked_a_server_may_only_say_why_it_hangs_up():
    reader = ResponseReader()
    assert followed(reader, ERROR) == [None]
    with pytest.raises(ProtocolError, match="nobody asked"):
        followed(reader, OK2)
