import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.mysql.handshake import (
    RELAYED,
    Capability,
    Greeting,
    client_capabilities,
    encode_greeting,
    is_tls_request,
    parse_greeting,
    relayed_greeting,
    relayed_response,
    without_tls,
)
from pytest_rdsfailover.mysql.packets import ProtocolError

MYSQL = Greeting(
    version=b"9.7.4", thread_id=70_000, capabilities=Capability(0xDFFFFFFF), status=2, charset=255,
    scramble=b"12345678abcdefghijkl", plugin=b"caching_sha2_password",
)  # fmt: skip


def response(capabilities: int, tail: bytes = b"app\0") -> bytes:
    return capabilities.to_bytes(4, "little") + b"\0\0\0\1\x2d" + bytes(19) + b"\7\0\0\0" + tail


def test_a_greeting_comes_back_with_its_thread():
    assert parse_greeting(encode_greeting(MYSQL)) == MYSQL


@pytest.mark.parametrize("size", [20, 21, 40])
def test_a_challenge_is_as_long_as_the_greeting_says(size):
    long = Greeting(
        version=b"9", thread_id=1, capabilities=Capability(0xDFFFFFFF), status=2, charset=255,
        scramble=bytes(range(1, size + 1)), plugin=b"plug",
    )  # fmt: skip

    assert parse_greeting(encode_greeting(long)) == long


def test_what_cannot_be_relayed_is_not_offered():
    offered = relayed_greeting(MYSQL).capabilities
    for name in ("SSL", "COMPRESS", "ZSTD", "QUERY_ATTRIBUTES", "OPTIONAL_RESULTSET_METADATA"):
        assert not offered & Capability[name]
    for name in ("PROTOCOL_41", "PLUGIN_AUTH", "DEPRECATE_EOF", "SESSION_TRACK", "LOCAL_FILES"):
        assert offered & Capability[name]


def test_mariadbs_own_capabilities_are_not_relayed():
    payload = bytearray(encode_greeting(MYSQL))
    start = payload.index(b"\0", 1) + 1 + 27
    payload[start : start + 4] = b"\x1f\0\0\0"
    assert encode_greeting(parse_greeting(bytes(payload))) == encode_greeting(MYSQL)
    answer = relayed_response(response(int(RELAYED)), RELAYED)
    assert answer[28:32] == bytes(4)


@pytest.mark.parametrize(
    ("version", "number", "mariadb"),
    [
        (b"9.7.4-2", 90704, False), (b"8.0.36", 80036, False),
        (b"5.5.5-10.11.6-MariaDB-0+deb12u1", 101106, True), (b"10.11.19-MariaDB", 101119, True),
        (b"odd", 0, False),
    ],
)  # fmt: skip
def test_the_version_becomes_a_number(version, number, mariadb):
    greeting = parse_greeting(encode_greeting(MYSQL)[:1] + version + encode_greeting(MYSQL)[6:])
    assert (greeting.number, greeting.mariadb) == (number, mariadb)


def test_a_client_gets_only_what_it_was_offered():
    wanted = int(RELAYED | Capability.OPTIONAL_RESULTSET_METADATA | Capability.QUERY_ATTRIBUTES)
    answer = relayed_response(response(wanted), RELAYED)
    assert client_capabilities(answer) == RELAYED
    assert answer.endswith(b"app\0")


def test_tls_that_was_not_offered_is_an_error():
    with pytest.raises(ProtocolError, match="TLS"):
        relayed_response(response(int(RELAYED | Capability.SSL)), RELAYED)


@pytest.mark.parametrize("name", ["COMPRESS", "ZSTD"])
def test_compression_that_was_not_offered_is_an_error_and_else_none(name):
    wanted = response(int(RELAYED | Capability[name]))
    with pytest.raises(ProtocolError, match="compression"):
        relayed_response(wanted, RELAYED)

    assert relayed_response(wanted, RELAYED | Capability[name]) == wanted[:28] + bytes(4) + b"app\0"


def test_an_answer_that_was_offered_is_passed_on_as_it_came():
    wanted = response(int(RELAYED | Capability.SSL))

    assert relayed_response(wanted, RELAYED | Capability.SSL) == wanted[:28] + bytes(4) + b"app\0"


def test_a_client_of_before_4_1_is_refused():
    with pytest.raises(ProtocolError, match=r"4\.1"):
        client_capabilities(response(int(RELAYED & ~Capability.PROTOCOL_41)))


@pytest.mark.parametrize(
    ("tls", "tail", "asks"), [(True, b"", True), (True, b"app\0", False), (False, b"", False)]
)
def test_tls_is_asked_for_by_an_answer_that_names_nobody_yet(tls, tail, asks):
    said = response(int(RELAYED) | int(Capability.SSL) * tls, tail)

    assert is_tls_request(said) is asks


def test_once_it_is_encrypted_an_answer_is_one_without_tls():
    said = response(int(RELAYED | Capability.SSL))

    assert without_tls(said) == response(int(RELAYED))


@pytest.mark.parametrize(("size", "whole"), [(30, False), (31, True)])
def test_a_greeting_has_a_fixed_part_at_least(size, whole):
    short = bytes([10]) + b"9\0" + bytes(size)
    with contextlib.nullcontext() if whole else pytest.raises(ProtocolError, match="no greeting"):
        parse_greeting(short)


@pytest.mark.parametrize(("size", "whole"), [(31, False), (32, True)])
def test_an_answer_has_a_fixed_part_at_least(size, whole):
    said = response(int(RELAYED))[:size]
    with contextlib.nullcontext() if whole else pytest.raises(ProtocolError, match="too short"):
        client_capabilities(said)


@given(st.binary(max_size=120))
def test_garbage_is_an_error_and_nothing_else(garbage):
    for parse in (parse_greeting, client_capabilities):
        with contextlib.suppress(ProtocolError):
            parse(garbage)
