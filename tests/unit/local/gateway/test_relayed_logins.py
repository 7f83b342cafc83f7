"""Logins that pass through the gateway: what either side is told, under which number."""

import datetime as dt

import pytest
from server_talk import LOGIN, greeting

from pytest_rdsfailover.local.gateway import token_login
from pytest_rdsfailover.local.gateway.relayed_login import RelayedLogin
from pytest_rdsfailover.local.gateway.tls import encrypt_for
from pytest_rdsfailover.local.gateway.volume import Volume
from pytest_rdsfailover.model.aurora_versions import AURORA_VERSIONS
from pytest_rdsfailover.mysql.auth import (
    ASK_KEY,
    CLEAR,
    FULL,
    MORE,
    SWITCH,
    hide,
    native_proof,
)
from pytest_rdsfailover.mysql.handshake import Capability, parse_greeting
from pytest_rdsfailover.mysql.packets import (
    Packet,
    PacketReader,
    ProtocolError,
    ServerFault,
    error_packet,
    ok_packet,
    parse_error,
)

SCRAMBLE = b"12345678abcdefghijkl"  # the greeting's
SALT = b"S" * 20
OLD, NEW = AURORA_VERSIONS["3.10"], AURORA_VERSIONS["8.4"]
NO = error_packet(ServerFault(1045, "28000", "no"))


def greeted(*, tls=True, aurora=OLD, version=b"8.0.42", encrypted=False, volume=None):
    volume = volume or Volume(aurora=aurora)
    login = RelayedLogin(volume, tls=tls)
    shown = login.from_server(Packet(0, greeting(version))).to_client
    if encrypted:
        assert login.encrypted()
    return login, parse_greeting(shown.payload)


def sent(relayed):
    """Return the number and the payload of what the server gets, and what the client does."""
    packets = [tuple(packet) for packet in PacketReader().feed(relayed.to_server)]
    return packets, None if relayed.to_client is None else tuple(relayed.to_client)


@pytest.mark.parametrize("tls", [True, False])
def test_tls_is_offered_where_there_is_any_and_nothing_is_added_else(tls):
    login, shown = greeted(tls=tls)
    assert bool(shown.capabilities & Capability.SSL) is tls
    assert login.encrypted() is tls
    assert shown.capabilities & ~Capability.SSL == login._offered & ~Capability.SSL


@pytest.mark.parametrize(
    ("aurora", "version", "shown"),
    [
        (OLD, b"8.0.42", b"8.0.42"), (NEW, b"8.0.42", b"8.4.8"),
        (NEW, b"10.11.6-MariaDB", b"10.11.6-MariaDB"),
    ],
)  # fmt: skip
def test_clients_are_greeted_with_auroras_version_unless_the_server_is_another_product(
    aurora, version, shown
):
    login, found = greeted(aurora=aurora, version=version)
    assert found.version == shown
    assert (login.thread_id, login.dialect.mariadb) == (7, b"MariaDB" in version)


def test_an_error_in_place_of_a_greeting_is_the_clients():
    login = RelayedLogin(Volume(), tls=True)
    assert sent(login.from_server(Packet(0, NO))) == ([], (0, NO))
    assert (login.thread_id, login.dialect) == (None, None)
    with pytest.raises(ProtocolError, match="before it was greeted"):
        login.from_client(Packet(1, LOGIN))


def test_before_the_greeting_and_behind_the_login_there_is_no_tls():
    login = RelayedLogin(Volume(), tls=True)
    assert login.encrypted() is False
    login, _ = greeted()
    login.from_client(Packet(1, LOGIN))
    login.from_server(Packet(2, ok_packet(3)))
    assert (login.done, login.status, login.encrypted()) == (True, 3, False)


def test_a_new_login_has_no_capabilities_and_nobody():
    login = RelayedLogin(Volume(), tls=False)
    assert (int(login.capabilities), login.user, login.done, login.status) == (0, "", False, 2)


@pytest.mark.parametrize(("encrypted", "ahead"), [(True, 1), (False, 0)])
def test_the_server_counts_without_the_request_for_tls_and_never_hears_of_it(encrypted, ahead):
    login, _ = greeted(encrypted=encrypted)
    wanted = int.from_bytes(LOGIN[:4], "little") | (Capability.SSL if encrypted else 0)
    packets, back = sent(
        login.from_client(Packet(1 + ahead, int(wanted).to_bytes(4, "little") + LOGIN[4:]))
    )
    ((number, payload),) = packets
    assert (number, back, login.user) == (1, None, "app")
    assert not int.from_bytes(payload[:4], "little") & Capability.SSL
    assert sent(login.from_server(Packet(2, NO))) == ([], (2 + ahead, NO))


def test_a_client_without_tls_is_refused_once_where_tls_is_required_and_then_hung_up_on():
    login, _ = greeted(aurora=NEW)
    packets, (number, refused) = sent(login.from_client(Packet(1, LOGIN)))
    assert (packets, number, parse_error(refused).code) == ([], 2, 3159)
    with pytest.raises(ProtocolError, match="without TLS"):
        login.from_client(Packet(3, LOGIN))


@pytest.mark.parametrize(
    ("aurora", "tls", "encrypted"), [(NEW, True, True), (NEW, False, False), (OLD, True, False)]
)
def test_where_tls_is_not_required_or_not_to_be_had_nobody_is_refused(aurora, tls, encrypted):
    login, _ = greeted(aurora=aurora, tls=tls, encrypted=encrypted)
    packets, back = sent(login.from_client(Packet(2 if encrypted else 1, LOGIN)))
    assert (len(packets), back) == (1, None)


# A password that is encrypted for us -------------------------------------------------------------


def asked_for_a_password(*, secure=True, switched=False, **more):
    volume = Volume()
    volume.accounts.secure = secure
    login, _ = greeted(volume=volume, **more)
    ahead = 1 if more.get("encrypted") else 0
    login.from_client(Packet(1 + ahead, LOGIN))
    number = 2
    if switched:
        login.from_server(Packet(2, bytes((SWITCH,)) + b"caching_sha2_password\0" + SALT + b"\0"))
        login.from_client(Packet(3 + ahead, b"x" * 32))
        number = 4
    login.from_server(Packet(number, FULL))
    return login, volume.accounts.key, number + 1 + ahead


@pytest.mark.parametrize("switched", [True, False])
def test_who_asks_for_a_key_gets_ours_and_the_server_gets_the_password_as_it_is(switched):
    login, key, number = asked_for_a_password(switched=switched)
    packets, (back, told) = sent(login.from_client(Packet(number, ASK_KEY)))
    assert (packets, back, told) == ([], number + 1, bytes((MORE,)) + key.public())

    scramble = SALT if switched else SCRAMBLE
    sealed = encrypt_for(key.public(), hide(b"secret\0", scramble))
    assert sent(login.from_client(Packet(number + 2, sealed))) == ([(number, b"secret\0")], None)
    assert sent(login.from_server(Packet(number + 1, ok_packet(2))))[1] == (
        number + 3,
        ok_packet(2),
    )


def test_a_password_that_was_not_encrypted_for_us_is_an_empty_one_and_only_once():
    login, _, number = asked_for_a_password()
    login.from_client(Packet(number, ASK_KEY))
    assert sent(login.from_client(Packet(number + 2, b"rubbish"))) == ([(number, b"\0")], None)
    assert sent(login.from_client(Packet(number + 4, b"more")))[0] == [(number + 2, b"more")]


@pytest.mark.parametrize(
    "more", [{"secure": False}, {"encrypted": True}], ids=["the server has a key", "TLS"]
)
def test_who_needs_no_key_of_ours_is_answered_by_the_server(more):
    login, _, number = asked_for_a_password(**more)
    packets, back = sent(login.from_client(Packet(number, ASK_KEY)))
    assert ([payload for _, payload in packets], back) == ([ASK_KEY], None)


def test_before_the_server_has_asked_for_a_password_a_key_is_nothing_special():
    volume = Volume()
    volume.accounts.secure = True
    login, _ = greeted(volume=volume)
    login.from_client(Packet(1, LOGIN))
    assert sent(login.from_client(Packet(3, ASK_KEY))) == ([(3, ASK_KEY)], None)


# Users of IAM ------------------------------------------------------------------------------------


def token(user="app"):
    return (
        f"h:1/?Action=connect&DBUser={user}&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIA/20260301/eu-west-1/rds-db/aws4_request"
        f"&X-Amz-Date={dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}&X-Amz-Expires=900"
        f"&X-Amz-Signature={'a' * 64}"
    ).encode()


def of_iam(*, method=b"mysql_native_password", proof=b"", encrypted=True, plugin=True):
    """Return a login of a user of IAM, and what becomes of its first packet."""
    volume = Volume()
    volume.accounts._users.add(b"app")
    login, _ = greeted(volume=volume, encrypted=encrypted)
    can = Capability.PROTOCOL_41 | Capability.PLUGIN_AUTH_LENENC | Capability.CONNECT_WITH_DB
    can |= Capability.PLUGIN_AUTH if plugin else Capability(0)
    payload = (
        int(can).to_bytes(4, "little") + bytes(4) + b"\x2d" + bytes(23) + b"app\0"
        + b"\xfd" + len(proof).to_bytes(3, "little") + proof + b"shop\0" + method + b"\0"
    )  # fmt: skip
    return login, volume.accounts, login.from_client(Packet(2 if encrypted else 1, payload))


def proves(relayed, password):
    """Tell whether the server gets a login with this password."""
    ((number, payload),), back = sent(relayed)
    assert (number, back) == (1, None)
    assert b"app\0" in payload
    assert b"shop\0" in payload
    return native_proof(password, SCRAMBLE) in payload


def test_a_user_of_iam_is_asked_for_its_token_and_the_server_gets_the_password_of_ours():
    login, accounts, first = of_iam()
    packets, (number, switch) = sent(first)
    assert (packets, number) == ([], 3)
    assert switch[: len(CLEAR) + 2] == bytes((SWITCH,)) + CLEAR + b"\0"
    assert len(switch) == len(CLEAR) + 23
    assert proves(login.from_client(Packet(4, token() + b"\0")), accounts.password)
    assert sent(login.from_server(Packet(2, ok_packet(2)))) == ([], (5, ok_packet(2)))
    assert login.done


def test_a_token_that_comes_with_the_login_is_taken_at_once():
    login, accounts, first = of_iam(method=CLEAR, proof=token() + b"\0")
    assert proves(first, accounts.password)
    assert sent(login.from_server(Packet(2, NO))) == ([], (3, NO))


@pytest.mark.parametrize("sent_", [token("other") + b"\0", b"secret\0", b""])
def test_what_is_no_token_of_its_own_has_the_server_refuse_a_wrong_password(monkeypatch, sent_):
    monkeypatch.setattr(token_login.secrets, "token_bytes", lambda size: b"w" * size)
    login, accounts, _ = of_iam()
    asked = login.from_client(Packet(4, sent_))
    assert proves(asked, b"w" * 16)
    assert not proves(asked, accounts.password)


@pytest.mark.parametrize("more", [{"encrypted": False}, {"plugin": False, "proof": token()}])
def test_who_cannot_be_asked_for_a_token_in_secret_has_none(monkeypatch, more):
    monkeypatch.setattr(token_login.secrets, "token_bytes", lambda size: b"w" * size)
    login, accounts, first = of_iam(**more)
    if more == {"encrypted": False}:
        assert proves(first, b"w" * 16)
        assert sent(login.from_server(Packet(2, NO))) == ([], (2, NO))
    else:
        assert not proves(first, accounts.password)


def test_the_servers_questions_are_answered_by_us_and_not_by_the_client():
    login, accounts, first = of_iam(method=CLEAR, proof=token())
    assert proves(first, accounts.password)
    switch = bytes((SWITCH,)) + b"mysql_native_password\0" + SALT + b"\0"
    assert sent(login.from_server(Packet(2, switch))) == (
        [(3, native_proof(accounts.password, SALT))], None,
    )  # fmt: skip
    assert sent(login.from_server(Packet(4, b"\x01\x03"))) == ([], None)  # FAST_OK


def test_other_users_log_in_by_themselves():
    volume = Volume()
    volume.accounts._users.add(b"other")
    login, _ = greeted(volume=volume)
    packets, back = sent(login.from_client(Packet(1, LOGIN + b"\0\0")))
    assert (len(packets), back) == (1, None)
    assert sent(login.from_server(Packet(2, NO))) == ([], (2, NO))
