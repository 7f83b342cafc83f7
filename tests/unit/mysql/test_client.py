import hashlib

import pytest

from pytest_rdsfailover.mysql import client
from pytest_rdsfailover.mysql.handshake import Capability, Greeting, client_capabilities
from pytest_rdsfailover.mysql.packets import ProtocolError

SCRAMBLE = bytes(range(1, 21))


def greeting(plugin=client.NATIVE, capabilities=client.WANTED):
    return Greeting(
        version=b"8.0.36", thread_id=1, capabilities=capabilities, status=2, charset=45,
        scramble=SCRAMBLE, plugin=plugin,
    )  # fmt: skip


def test_a_native_digest_gives_back_what_the_server_has_stored():
    stored = hashlib.sha1(hashlib.sha1(b"secret").digest()).digest()
    mask = hashlib.sha1(SCRAMBLE + stored).digest()
    stage = bytes(
        a ^ b for a, b in zip(client.native_digest(b"secret", SCRAMBLE), mask, strict=True)
    )

    assert hashlib.sha1(stage).digest() == stored


def test_a_caching_digest_gives_back_what_the_server_has_cached():
    cached = hashlib.sha256(hashlib.sha256(b"secret").digest()).digest()
    mask = hashlib.sha256(cached + SCRAMBLE).digest()
    proof = client.caching_digest(b"secret", SCRAMBLE)
    stage = bytes(a ^ b for a, b in zip(proof, mask, strict=True))

    assert hashlib.sha256(stage).digest() == cached


@pytest.mark.parametrize("plugin", [client.NATIVE, client.CACHING])
def test_a_login_names_everything_and_holds_no_password(plugin):
    payload = client.login(greeting(plugin), b"app", b"secret", b"shop")

    assert client_capabilities(payload) == client.WANTED
    assert b"app\0" in payload
    assert b"shop\0" in payload
    assert payload.endswith(plugin + b"\0")
    assert b"secret" not in payload


def test_no_password_is_no_proof_and_no_database_is_not_asked_for():
    payload = client.login(greeting(), b"app", b"", b"")

    assert b"app\0\0" in payload
    assert not client_capabilities(payload) & Capability.CONNECT_WITH_DB


def test_another_method_is_answered_with_its_own_digest():
    asked = b"\xfe" + client.CACHING + b"\0" + SCRAMBLE + b"\0"

    assert client.answer(asked, b"secret") == client.caching_digest(b"secret", SCRAMBLE)
    assert client.answer(b"\x01\x03", b"secret") is None


@pytest.mark.parametrize(
    "payload", [b"\x01\x04", b"\x01\x09", b"\xfesha256_password\0x", b"", b"\x07"]
)
def test_what_cannot_be_answered_is_refused(payload):
    with pytest.raises(ProtocolError):
        client.answer(payload, b"secret")


def test_a_server_of_before_4_1_is_refused():
    with pytest.raises(ProtocolError, match=r"4\.1"):
        client.login(greeting(capabilities=Capability.LONG_PASSWORD), b"app", b"", b"")


def test_a_query_is_one_command():
    assert client.query(b"SELECT 1") == b"\x09\0\0\0\x03SELECT 1"
