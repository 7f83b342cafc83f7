import hashlib

import pytest

from pytest_rdsfailover.mysql.auth import (
    ALWAYS,
    ASK_KEY,
    CACHING,
    FAST_OK,
    FULL,
    NATIVE,
    ClientIdentity,
    ClientLogin,
    caching_proof,
    hide,
    native_proof,
    same,
)
from pytest_rdsfailover.mysql.handshake import (
    RELAYED,
    Capability,
    Greeting,
    client_capabilities,
    encode_greeting,
)
from pytest_rdsfailover.mysql.packets import ProtocolError, ServerFault, error_packet, ok_packet

SCRAMBLE = bytes(range(1, 21))
APP = {"user": b"app", "password": b"secret"}


def greeting(plugin=NATIVE, capabilities=RELAYED):
    return encode_greeting(
        Greeting(
            version=b"8.0.36", thread_id=1, capabilities=capabilities, status=2, charset=45,
            scramble=SCRAMBLE, plugin=plugin,
        )
    )  # fmt: skip


def greeted(plugin=NATIVE, **credentials):
    """Return a login that has answered the greeting, and its answer."""
    login = ClientLogin(ClientIdentity(**{**APP, **credentials}))
    return login, login.feed(greeting(plugin))


def test_a_native_proof_gives_back_what_the_server_has_stored():
    stored = hashlib.sha1(hashlib.sha1(b"secret").digest()).digest()
    mask = hashlib.sha1(SCRAMBLE + stored).digest()
    stage = bytes(a ^ b for a, b in zip(native_proof(b"secret", SCRAMBLE), mask, strict=True))

    assert hashlib.sha1(stage).digest() == stored


def test_a_caching_proof_gives_back_what_the_server_has_cached():
    cached = hashlib.sha256(hashlib.sha256(b"secret").digest()).digest()
    mask = hashlib.sha256(cached + SCRAMBLE).digest()
    stage = bytes(a ^ b for a, b in zip(caching_proof(b"secret", SCRAMBLE), mask, strict=True))

    assert hashlib.sha256(stage).digest() == cached


@pytest.mark.parametrize("plugin", [NATIVE, CACHING])
def test_a_login_names_everything_and_holds_no_password(plugin):
    _, payload = greeted(plugin, database=b"shop", capabilities=Capability.FOUND_ROWS)

    wanted = ALWAYS | Capability.FOUND_ROWS | Capability.CONNECT_WITH_DB
    assert client_capabilities(payload) == wanted
    assert b"app\0" in payload
    assert b"shop\0" in payload
    assert payload.endswith(plugin + b"\0")
    assert b"secret" not in payload
    assert "secret" not in repr(ClientIdentity(**APP))


def test_an_answer_to_a_greeting_has_each_thing_in_its_place():
    _, payload = greeted(database=b"shop")
    proof = native_proof(b"secret", SCRAMBLE)

    assert payload == (
        int(ALWAYS | Capability.CONNECT_WITH_DB).to_bytes(4, "little")
        + (1 << 30).to_bytes(4, "little") + bytes([45]) + bytes(23)
        + b"app\0" + bytes([20]) + proof + b"shop\0" + NATIVE + b"\0"
    )  # fmt: skip


@pytest.mark.parametrize(("other", "equal"), [(b"proof", True), (b"Proof", False), (b"", False)])
def test_two_proofs_are_the_same_or_not(other, equal):
    assert same(b"proof", other) is equal


def test_a_method_that_only_clear_text_serves_is_not_answered():
    login, _ = greeted(CACHING)
    with pytest.raises(ProtocolError, match="no part of a login"):
        login.feed(b"\x01KEY")  # nobody has asked for one, and nothing here could use it


def test_what_the_server_cannot_do_is_not_asked_for():
    login = ClientLogin(ClientIdentity(**APP, capabilities=Capability.DEPRECATE_EOF))
    payload = login.feed(greeting(capabilities=RELAYED & ~Capability.DEPRECATE_EOF))

    assert client_capabilities(payload) == ALWAYS


def test_no_password_is_no_proof_and_no_database_is_not_asked_for():
    _, payload = greeted(password=b"")

    assert b"app\0\0" in payload
    assert not client_capabilities(payload) & Capability.CONNECT_WITH_DB


@pytest.mark.parametrize(("method", "prove"), [(NATIVE, native_proof), (CACHING, caching_proof)])
def test_another_method_is_answered_with_its_own_proof(method, prove):
    login, _ = greeted(b"sha256_password")
    other = SCRAMBLE[::-1]

    assert login.feed(b"\xfe" + method + b"\0" + other + b"\0") == prove(b"secret", other)
    assert not login.done


def test_a_login_ends_with_ok_or_with_the_server_s_reason():
    login, _ = greeted(CACHING)
    assert login.feed(FAST_OK) is None
    assert not login.done
    assert login.feed(ok_packet(2)) is None
    assert (login.done, login.fault) == (True, None)

    denied = ServerFault(1045, "28000", "Access denied")
    login, _ = greeted()
    assert login.feed(error_packet(denied)) is None
    assert (login.done, login.fault) == (False, denied)


def test_a_password_goes_as_it_is_only_where_nobody_listens():
    login, _ = greeted(CACHING, secure=True)
    assert login.feed(FULL) == b"secret\0"

    login, _ = greeted(CACHING, seal=lambda key, data: b"%b of %b" % (data, key))
    assert login.feed(FULL) == ASK_KEY
    assert login.feed(b"\x01KEY") == hide(b"secret\0", SCRAMBLE) + b" of KEY"

    login, _ = greeted(CACHING)
    with pytest.raises(ProtocolError, match="not cached"):
        login.feed(FULL)


def test_a_key_that_is_none_is_refused():
    login, _ = greeted(CACHING, seal=lambda key, _: bytes.fromhex(key.decode()))
    login.feed(FULL)
    with pytest.raises(ProtocolError, match="key is broken"):
        login.feed(b"\x01KEY")


@pytest.mark.parametrize(
    "payload",
    [b"\x01\x09", b"\xfesha256_password\0x", b"\xfe" + NATIVE + b"\0\0", b"", b"\x07"],
)
def test_what_cannot_be_answered_is_refused(payload):
    login, _ = greeted()
    with pytest.raises(ProtocolError):
        login.feed(payload)


def test_a_server_of_before_4_1_is_refused():
    login = ClientLogin(ClientIdentity(**APP))
    with pytest.raises(ProtocolError, match=r"4\.1"):
        login.feed(greeting(capabilities=Capability.LONG_PASSWORD))
