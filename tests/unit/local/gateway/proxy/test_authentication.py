"""The proxy's own login: which proof opens it, and what it remembers of a password."""

import pytest

from pytest_rdsfailover.local.gateway.proxy import authentication
from pytest_rdsfailover.local.gateway.proxy.authentication import (
    Authentication,
    Directory,
    Login,
    new_scramble,
    parse_change_user,
    parse_login,
)
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.mysql.auth import (
    ASK_KEY,
    CACHING,
    CLEAR,
    FAST_OK,
    FULL,
    MORE,
    NATIVE,
    SWITCH,
    caching_proof,
    hide,
    native_proof,
)
from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import ProtocolError

SCRAMBLE, PASSWORD = b"s" * 20, b"secret"
OPEN, DENIED, ASKED = "open", "denied", "asked"


class Key:
    """Decrypts what begins with `sealed:`."""

    def public(self):
        return b"PEM"

    def decrypt(self, data):
        return data.removeprefix(b"sealed:") if data.startswith(b"sealed:") else None


@pytest.fixture
def directory():
    users = Secret(username="app", password="secret"), Secret(username="none", password="")
    return Directory(Key(), users)


def login(
    directory,
    *,
    user="app",
    method=NATIVE,
    proof=b"",
    tls=False,
    offered=NATIVE,
    can=Capability.PLUGIN_AUTH,
):
    said = Login(
        user=user, proof=proof, method=method, database=None, charset=45, capabilities=can
    )  # fmt: skip
    return Authentication(directory, said, SCRAMBLE, offered, tls=tls)


def state(made):
    if not made.done:
        return ASKED
    return OPEN if made.fault is None else DENIED


def begun(directory, **said):
    made = login(directory, **said)
    return made, made.begin()


RIGHT = native_proof(PASSWORD, SCRAMBLE)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"proof": RIGHT}, OPEN),
        ({"proof": RIGHT, "method": b""}, OPEN),
        ({"proof": native_proof(b"other", SCRAMBLE)}, DENIED),
        ({"proof": b""}, DENIED),
        ({"proof": native_proof(b"", SCRAMBLE), "user": "nobody"}, DENIED),
        ({"proof": b"", "user": "none"}, OPEN),
        ({"proof": b"", "user": "none", "method": CACHING}, OPEN),
        ({"proof": b"", "method": CACHING}, DENIED),
        ({"proof": PASSWORD + b"\0", "method": CLEAR, "tls": True}, OPEN),
        ({"proof": b"wrong\0", "method": CLEAR, "tls": True}, DENIED),
        ({"proof": b"\0", "method": CLEAR, "tls": True, "user": "nobody"}, DENIED),
        ({"proof": b"x", "method": b"sha256_password", "can": Capability(0)}, DENIED),
    ],
)
def test_a_proof_opens_or_does_not(directory, said, expected):
    made, sent = begun(directory, **said)

    assert (state(made), sent) == (expected, [])
    if expected == DENIED:
        with_one = "YES" if said["proof"] else "NO"
        assert made.fault.code == 1045
        assert made.fault.text.endswith(f"(using password: {with_one})")


@pytest.mark.parametrize("offered", [NATIVE, CACHING])
def test_a_method_that_the_proxy_does_not_know_is_switched_to_the_one_it_offers(directory, offered):
    made, [switch] = begun(directory, method=b"sha256_password", proof=b"x", offered=offered)
    assert switch == bytes((SWITCH,)) + offered + b"\0" + made.scramble + b"\0"
    assert made.scramble != SCRAMBLE

    directory.note("app")  # so that the caching proof is enough
    prove = native_proof if offered == NATIVE else caching_proof
    assert made.feed(prove(PASSWORD, made.scramble)) == ([] if offered == NATIVE else [FAST_OK])
    assert state(made) == OPEN


@pytest.mark.parametrize(
    ("sent", "expected"), [(PASSWORD + b"\0", OPEN), (PASSWORD, DENIED), (b"wrong\0", DENIED)]
)
def test_the_password_itself_is_asked_for_once_and_remembered_only_if_it_was_right(
    directory, sent, expected
):
    proof = caching_proof(PASSWORD, SCRAMBLE)
    first, asked = begun(directory, method=CACHING, proof=proof, tls=True)
    assert (asked, state(first)) == ([FULL], ASKED)
    assert first.feed(sent) == []
    assert state(first) == expected

    second, answered = begun(directory, method=CACHING, proof=proof)
    assert answered == ([FAST_OK] if expected == OPEN else [FULL])
    assert state(second) == (OPEN if expected == OPEN else ASKED)


def test_a_wrong_proof_of_a_known_user_is_asked_for_the_password(directory):
    directory.note("app")

    assert begun(directory, method=CACHING, proof=b"x" * 32)[1] == [FULL]


def test_a_new_password_has_not_been_seen(directory):
    directory.note("app")
    directory.add(Secret(username="app", password="other"))

    assert not directory.seen("app")
    assert directory.password("app") == b"other"
    assert {secret.username for secret in directory.secrets} == {"app", "none"}


@pytest.mark.parametrize(
    ("sealed", "expected"),
    [(b"sealed:", OPEN), (b"open:", DENIED)],
)
def test_without_tls_the_password_comes_encrypted(directory, sealed, expected):
    for ask in (True, False):  # a client may have the key already
        made, [full] = begun(directory, method=CACHING, proof=b"x" * 32)
        assert full == FULL
        if ask:
            assert made.feed(ASK_KEY) == [bytes((MORE,)) + b"PEM"]
        made.feed(sealed + hide(PASSWORD + b"\0", SCRAMBLE))
        assert state(made) == expected


def test_over_tls_nobody_needs_the_key(directory):
    made, _ = begun(directory, method=CACHING, proof=b"x" * 32, tls=True)

    assert (made.feed(ASK_KEY), state(made)) == ([], DENIED)


def test_where_tokens_are_required_the_password_opens_nothing(directory):
    directory.iam_required = True
    plain, _ = begun(directory, proof=RIGHT)
    assert state(plain) == DENIED

    made, [switch] = begun(directory, proof=RIGHT, tls=True)
    assert switch.startswith(bytes((SWITCH,)) + CLEAR)
    made.feed(PASSWORD + b"\0")
    assert state(made) == DENIED


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"proof": RIGHT}, OPEN),
        ({"proof": b"x" * 20}, ASKED),
        ({"proof": RIGHT, "user": "nobody"}, ASKED),
        ({"proof": caching_proof(PASSWORD, SCRAMBLE), "method": CACHING}, OPEN),
        ({"proof": b"x" * 32, "method": CACHING, "offered": CACHING}, ASKED),
    ],
)
def test_a_change_of_user_with_a_wrong_proof_is_asked_again(directory, said, expected):
    directory.note("app")
    made = login(directory, **said)
    sent = made.restart()
    assert state(made) == expected
    if expected == ASKED:
        assert sent[0][0] == SWITCH
        proof = caching_proof if said.get("offered") == CACHING else native_proof
        made.feed(proof(PASSWORD, made.scramble))
        assert state(made) == (DENIED if said.get("user") else OPEN)


def test_a_caching_proof_of_a_user_never_seen_is_asked_again(directory):
    made = login(directory, method=CACHING, proof=caching_proof(PASSWORD, SCRAMBLE))

    assert made.restart()[0][0] == SWITCH


def test_a_password_that_comes_as_it_is_without_tls_is_asked_for_in_another_way(directory):
    assert state(begun(directory, method=CLEAR, proof=PASSWORD)[0]) == ASKED


@pytest.mark.parametrize(("chance", "byte"), [(lambda most: most - 1, 127), (lambda _: 0, 1)])
def test_a_scramble_has_twenty_letters_and_no_zero(monkeypatch, chance, byte):
    monkeypatch.setattr(authentication.secrets, "randbelow", chance)
    assert new_scramble() == bytes((byte,)) * 20


# Logins, as they are sent ------------------------------------------------------------------------

CAN = Capability.PROTOCOL_41
SECURE, LENENC = Capability.SECURE_CONNECTION, Capability.PLUGIN_AUTH_LENENC
DATABASE, PLUGIN = Capability.CONNECT_WITH_DB, Capability.PLUGIN_AUTH
LONG = b"p" * 300


def sent(can, rest):
    return int(CAN | can).to_bytes(4, "little") + bytes(4) + b"\x2d" + bytes(23) + rest


@pytest.mark.parametrize(
    ("can", "rest", "proof", "database", "method"),
    [
        (SECURE, b"app\0\x03abc", b"abc", None, b""),
        (SECURE, b"app\0\x00", b"", None, b""),
        (SECURE, b"app\0\x03abcdb\0caching\0", b"abc", None, b""),
        (SECURE | DATABASE, b"app\0\x03abcdb\0caching\0", b"abc", b"db", b""),
        (SECURE | DATABASE, b"app\0\x03abcdb", b"abc", b"db", b""),
        (SECURE | DATABASE, b"app\0\x03abc", b"abc", None, b""),
        (SECURE | PLUGIN, b"app\0\x03abccaching\0", b"abc", None, b"caching"),
        (SECURE | DATABASE | PLUGIN, b"app\0\x03abcdb\0caching\0", b"abc", b"db", b"caching"),
        (SECURE | LENENC | PLUGIN, b"app\0\xfc\x2c\x01" + LONG + b"clear\0", LONG, None, b"clear"),
        (LENENC, b"app\0\x03abc", b"abc", None, b""),
        (Capability(0), b"app\0abc\0", b"abc", None, b""),
        (DATABASE, b"app\0abc\0db\0", b"abc", b"db", b""),
    ],
)
def test_a_login_is_read_as_far_as_its_capabilities_say(can, rest, proof, database, method):
    said = parse_login(sent(can, rest))

    assert (said.user, said.charset, said.capabilities) == ("app", 45, CAN | can)
    assert (said.proof, said.database, said.method) == (proof, database, method)


@pytest.mark.parametrize(
    ("can", "rest"),
    [
        (SECURE, b"app\0"), (SECURE, b"app"), (SECURE, b"app\0\x04abc"), (LENENC, b"app\0\x04abc"),
        (SECURE | DATABASE | PLUGIN, b"app\0\x03abc"), (Capability(0), b"app"),
    ],
)  # fmt: skip
def test_a_login_that_is_cut_off_is_refused(can, rest):
    with pytest.raises(ProtocolError):
        parse_login(sent(can, rest))


@pytest.mark.parametrize(
    ("can", "rest", "database", "charset", "method"),
    [
        (PLUGIN, b"db\0\xff\x00caching\0", b"db", 255, b"caching"),
        (PLUGIN, b"\0\x00\x01caching", None, 256, b"caching"),
        (PLUGIN, b"db\0\x00\x00caching\0", b"db", 33, b"caching"),
        (Capability(0), b"db\0\x2d\x00caching\0", b"db", 45, b""),
        (Capability(0), b"db", b"db", 33, b""),
        (Capability(0), b"", None, 33, b""),
    ],
)
def test_a_change_of_user_names_a_database_and_a_character_set_in_two_bytes(
    can, rest, database, charset, method
):
    said = parse_change_user(b"\x11app\0\x03abc" + rest, can)

    assert (said.user, said.proof, said.capabilities) == ("app", b"abc", can)
    assert (said.database, said.charset, said.method) == (database, charset, method)


@pytest.mark.parametrize(
    ("can", "message"),
    [(Capability(0), b"\x11app\0\x04abc"), (Capability(0), b"\x11app"), (PLUGIN, b"\x11app\0\0db\0")],
)  # fmt: skip
def test_a_change_of_user_that_is_cut_off_is_refused(can, message):
    with pytest.raises(ProtocolError):
        parse_change_user(message, can)
