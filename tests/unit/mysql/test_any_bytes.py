"""Whatever bytes a peer sends, packets and TLS take them or refuse them in one way, and forget none."""

import contextlib
import ssl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_tls import VERSIONS, Client

from pytest_rdsfailover.local.gateway.tls import Authority
from pytest_rdsfailover.mysql import packets
from pytest_rdsfailover.mysql.packets import MessageReader, PacketReader, ProtocolError
from pytest_rdsfailover.mysql.tls import TlsServer

# What MySQL's own packets begin with, and lengths of every size, cut off anywhere.
PAYLOADS = st.lists(
    st.sampled_from([b"\0", b"\xfe", b"\xff", b"\xfb", b"\xfc", b"\xfd", b"#42S02", b"\0\0", b"\x02\0",
                     b"\xfc\xff\xff", b"\xfe" + b"\xff" * 8, b"\xfe\0\0\x02\0"]) | st.binary(max_size=6),
    max_size=8,
).map(b"".join)  # fmt: skip
READERS = (
    lambda payload: packets.read_lenenc(payload, 0),
    lambda payload: packets.read_lenenc(payload, len(payload)),
    lambda payload: packets.read_string(payload, 0),
    packets.parse_error,
    packets.status_of,
    packets.ending,
    lambda payload: packets.with_status(payload, 2),
    lambda payload: packets.as_of(payload, 2) if payload else None,
)


@given(PAYLOADS, st.sampled_from(READERS))
@example(b"\xfe" + b"\xff" * 8, READERS[2])  # a string of 2 ** 64 - 1 bytes
def test_a_payload_is_read_or_refused(payload, read):
    with contextlib.suppress(ProtocolError):
        read(payload)


@given(PAYLOADS, st.integers(0, 0xFFFF))
def test_a_status_that_was_replaced_is_read_back_and_nothing_else_has_changed(payload, status):
    try:
        old = packets.status_of(payload)
    except ProtocolError:
        return
    changed = packets.with_status(payload, status)

    assert packets.status_of(changed) == status
    assert packets.ending(changed)[1] == packets.ending(payload)[1]
    assert packets.with_status(changed, old) == payload


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=30))
def test_no_byte_of_a_stream_is_lost_or_made_up(stream, sizes):
    reader, found, at = PacketReader(), [], 0
    for size in [*sizes, len(stream)]:
        found += reader.feed(stream[at : at + size])
        at += size
    told = b"".join(packets.frame(packet.payload, packet.sequence) for packet in found)

    assert stream.startswith(told)
    assert len(told) + reader.pending == len(stream)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=10))
def test_messages_are_put_together_or_refused(parts):
    reader = MessageReader()
    with contextlib.suppress(ProtocolError):
        for sequence, payload in parts:
            reader.add(packets.Packet(sequence, payload))


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"), ["localhost"])


SAID = st.lists(st.binary(min_size=1, max_size=40), max_size=4)
SIZES = st.lists(st.integers(1, 400), max_size=12)


def heard_of(server, data, sizes):
    """Return what a server makes of bytes in pieces, and whether it has refused them."""
    heard, at = b"", 0
    with contextlib.suppress(ProtocolError):
        for size in [*sizes, len(data) + 1]:
            heard += server.feed(data[at : at + size])
            at += size
        return heard, False
    return heard, True


def established(material, version):
    server, client = TlsServer(material.context), Client(material, version=version)
    client.shake(server)
    return server, client


@given(said=SAID, sizes=SIZES, behind=st.binary(max_size=60), version=st.sampled_from(VERSIONS))
def test_the_end_of_tls_comes_behind_the_last_word_whatever_follows_it(
    material, said, sizes, behind, version
):
    server, client = established(material, version)
    for words in said:
        client.tls.write(words)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.tls.unwrap()
    heard, refused = heard_of(server, client.outgoing.read() + behind, sizes)

    assert (heard, server.ended, refused) == (b"".join(said), True, False)
    server.end()
    server.end()
    assert server.feed(behind) == b""


@given(said=SAID, cut=st.integers(0, 300), sizes=SIZES, version=st.sampled_from(VERSIONS))
def test_tls_that_is_cut_off_anywhere_has_no_end_and_loses_no_whole_record(
    material, said, cut, sizes, version
):
    server, client = established(material, version)
    for words in said:
        client.tls.write(words)
    whole = client.outgoing.read()
    heard, refused = heard_of(server, whole[:cut], sizes)

    assert b"".join(said).startswith(heard)
    assert heard == b"".join(said) or cut < len(whole)
    assert (server.ended, refused) == (False, False)


@given(said=SAID, place=st.integers(0, 300), by=st.integers(1, 255), sizes=SIZES,
       version=st.sampled_from(VERSIONS))  # fmt: skip
def test_tls_with_an_altered_byte_says_nothing_that_was_not_said(
    material, said, place, by, sizes, version
):
    server, client = established(material, version)
    for words in said:
        client.tls.write(words)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.tls.unwrap()
    data = bytearray(client.outgoing.read())
    data[place % len(data)] ^= by
    heard, refused = heard_of(server, bytes(data), sizes)

    assert b"".join(said).startswith(heard)
    assert not (server.ended and refused)
    with contextlib.suppress(ProtocolError):
        server.encrypt(b"whatever state it is in")
    server.end()


@given(noise=st.binary(max_size=600), place=st.integers(0, 600), sizes=SIZES,
       version=st.sampled_from(VERSIONS))  # fmt: skip
def test_noise_in_a_handshake_is_refused_or_waited_out(material, noise, place, sizes, version):
    server, client = TlsServer(material.context), Client(material, version=version)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.tls.do_handshake()
    hello = client.outgoing.read()
    heard, _ = heard_of(server, hello[:place] + noise + hello[place:], sizes)

    assert heard == b""
