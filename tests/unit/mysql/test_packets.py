import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.mysql.packets import (
    MAX_PAYLOAD,
    STATUS_CURSOR_EXISTS,
    MessageReader,
    Packet,
    PacketReader,
    ProtocolError,
    ServerFault,
    as_of,
    encode,
    end_of,
    ending,
    eof_packet,
    error_packet,
    frame,
    lenenc,
    lenenc_string,
    ok_packet,
    packets_of,
    parse_error,
    read_lenenc,
    read_string,
    renumbered,
    status_of,
    with_status,
)


def cut_up(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut bytes into chunks of these sizes; what is left is the last chunk."""
    chunks, at = [], 0
    for size in sizes:
        chunks.append(data[at : at + size])
        at += size
    return [*chunks, data[at:]]


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(0, 7), max_size=40))
def test_packets_are_the_same_however_the_stream_is_cut(payloads, sizes):
    stream = b"".join(frame(payload, n) for n, payload in enumerate(payloads))
    reader = PacketReader()
    found = [packet for chunk in cut_up(stream, sizes) for packet in reader.feed(chunk)]
    assert found == [Packet(n, payload) for n, payload in enumerate(payloads)]
    assert reader.pending == 0


def test_a_packet_comes_out_with_its_last_byte():
    reader = PacketReader()
    stream = frame(b"abc", 7)
    assert [reader.feed(stream[n : n + 1]) for n in range(len(stream))] == [
        *[[]] * 6, [Packet(7, b"abc")],
    ]  # fmt: skip


@given(st.lists(st.binary(max_size=9), max_size=5), st.integers(0, 255))
def test_packets_are_renumbered_from_end_to_end(payloads, by):
    stream = b"".join(frame(payload, n) for n, payload in enumerate(payloads))

    assert renumbered(stream, by) == b"".join(
        frame(payload, n + by) for n, payload in enumerate(payloads)
    )


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (frame(b"abc", 0), 7),
        (frame(b"abc", 0) + b"more", 7),
        (frame(b"abc", 0)[:-1], 0),
        (frame(b"", 0), 0),
        (b"\1\0\0", 0),
        (frame(bytes(MAX_PAYLOAD), 0), 0),
    ],
)
def test_only_a_whole_packet_that_is_a_message_has_an_end(data, end):
    assert end_of(b"xy" + data, 2) == (end and end + 2)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (ok_packet(0x2003), (0x2003, 0)),
        (ok_packet(2, affected=70_000)[:-2] + b"\1\0", (2, 1)),
        (b"\xfe\7\0\3\0", (3, 7)),
        (ok_packet(2)[:-2], (2, 0)),
    ],
)
def test_the_end_of_a_result_tells_its_flags_and_warnings(payload, expected):
    assert ending(payload) == expected


@pytest.mark.parametrize(
    ("size", "count"), [(MAX_PAYLOAD - 1, 1), (MAX_PAYLOAD, 2), (MAX_PAYLOAD + 1, 2)]
)
def test_a_long_message_takes_several_packets_and_comes_back_whole(size, count):
    payload = b"x" * size
    packets = PacketReader().feed(encode(payload, 254))
    reader = MessageReader()
    messages = [message for packet in packets if (message := reader.add(packet))]
    assert [packet.sequence for packet in packets] == [254, 255, 0][:count]
    assert messages == [Packet(254, payload)]
    assert packets_of(payload) == count


@pytest.mark.parametrize("number", [0, 250, 251, 255, 0xFFFF, 0x10000, 0xFFFFFF, 1 << 24, 1 << 63])
def test_a_length_encoded_integer_comes_back(number):
    data = lenenc(number)
    assert read_lenenc(b"??" + data, 2) == (number, 2 + len(data))


@pytest.mark.parametrize("data", [b"", b"\xfb", b"\xff", b"\xfc\0", b"\xfe" + bytes(7)])
def test_a_broken_length_is_an_error(data):
    with pytest.raises(ProtocolError):
        read_lenenc(data, 0)


def test_a_string_that_is_cut_off_is_an_error():
    assert read_string(lenenc_string(b"abc"), 0) == (b"abc", 4)
    with pytest.raises(ProtocolError):
        read_string(b"\x04abc", 0)


def test_an_error_comes_back():
    fault = ServerFault(1290, "HY000", "no")
    assert error_packet(fault) == b"\xff\x0a\x05#HY000no"
    assert parse_error(error_packet(fault)) == fault
    assert parse_error(b"\xff\x10\x04too many") == ServerFault(1040, "HY000", "too many")
    assert parse_error(b"\xff\x10\x04") == ServerFault(1040, "HY000", "")
    for payload in (b"\x00", b"\x00\x10\x04no", b"\xff\x10"):
        with pytest.raises(ProtocolError):
            parse_error(payload)


def test_an_answer_that_all_is_well_has_counts_flags_and_no_warnings():
    assert ok_packet(0x2003, affected=251, insert_id=5) == b"\0\xfc\xfb\0\5\3\x20\0\0"
    assert ok_packet(2) == b"\0\0\0\2\0\0\0"
    assert eof_packet(0x2003) == b"\xfe\0\0\3\x20"


@pytest.mark.parametrize("make", [ok_packet, eof_packet])
def test_status_flags_are_read_and_replaced(make):
    assert status_of(make(0x2003)) == 0x2003
    assert with_status(make(0x2003), 8) == make(8)


@pytest.mark.parametrize("make", [ok_packet, eof_packet])
def test_the_end_of_an_answer_tells_of_the_session_and_keeps_the_rest(make):
    ours, theirs = 0x2001, STATUS_CURSOR_EXISTS | 2

    assert status_of(as_of(make(theirs), ours)) == STATUS_CURSOR_EXISTS | ours
    fault = error_packet(ServerFault(1290, "HY000", "no"))
    assert as_of(fault, ours) == fault


@pytest.mark.parametrize("payload", [b"\x00", b"\x00\x00\x00\x02", b"\xfe"])
def test_an_ok_that_is_cut_off_is_an_error(payload):
    with pytest.raises(ProtocolError):
        status_of(payload)


def test_a_message_that_no_server_would_take_is_not_collected():
    reader, full = MessageReader(), bytes(MAX_PAYLOAD)

    for number in range(65):  # 1 GB
        assert reader.add(Packet(number, full)) is None

    with pytest.raises(ProtocolError, match="1 GB"):
        reader.add(Packet(65, full))
