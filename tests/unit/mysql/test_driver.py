import gc
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import traceback
import warnings
from dataclasses import replace
from types import SimpleNamespace

import mysql.connector.errors
import pymysql.err
import pytest
from waiting import until

from pytest_rdsfailover.model.endpoints import Bounds, Endpoint, Tls
from pytest_rdsfailover.model.errors import ToldError
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.mysql import driver
from pytest_rdsfailover.mysql.handshake import RELAYED, Capability, Greeting, encode_greeting

REFUSED, UNKNOWN = Outcome.REFUSED, Outcome.UNKNOWN
WHERE = Endpoint(
    name="x", kind="writer", host="127.0.0.1", port=10001, user="u", password="s3cret", database="d"
)


def error(code, reason=None):
    raised = pymysql.err.OperationalError(code, "Der Text zählt nicht")
    raised.__cause__ = reason
    return raised


def wrapped(inner):
    outer = RuntimeError("ours")
    outer.__cause__ = inner
    return outer


def while_handling(first, second):
    second.__context__ = first
    return second


def unreachable(reason):
    raised = error(2003)
    raised.original_exception = reason
    return raised


def orm_error(inner):
    raised = type("DBAPIError", (Exception,), {})("(1290) and a text")
    raised.orig = inner
    return raised


@pytest.mark.parametrize(
    ("raised", "fault"),
    [
        (error(1290), Fault(1290, "read-only")),
        (error(1836), Fault(1836, "read-only")),
        (error(1792), Fault(1792, "read-only")),
        (unreachable(ConnectionRefusedError()), Fault(2003, "refused")),
        (unreachable(TimeoutError()), Fault(2003, "timeout")),
        (unreachable(socket.gaierror()), Fault(2003, "dns")),
        (error(2013), Fault(2013, "reset")),
        (error(2013, TimeoutError()), Fault(2013, "timeout")),
        (error(2013, ConnectionResetError()), Fault(2013, "reset")),
        (error(2006), Fault(2006, "reset")),
        (pymysql.err.InterfaceError(0, ""), Fault(0, "reset")),
        (mysql.connector.errors.OperationalError("gone"), Fault(0, "reset")),
        (mysql.connector.errors.ProgrammingError("a parameter too few"), Fault(0, "client")),
        (error(1927), Fault(1927, "reset")),
        (error(1213), Fault(1213, "server")),
        (error(1105), Fault(1105, "server")),
        (ValueError(1290, "not from a database"), Fault(0, "client")),
        (TimeoutError(), Fault(0, "timeout")),
        (orm_error(error(1290)), Fault(1290, "read-only")),
        (wrapped(orm_error(error(2013))), Fault(2013, "reset")),
        # What was being handled before says nothing about the kind of what was raised then.
        (while_handling(error(2013, TimeoutError()), error(1290)), Fault(1290, "read-only")),
        (while_handling(error(2013, TimeoutError()), error(2003)), Fault(2003, "refused")),
    ],
)
def test_an_error_has_the_code_and_family_of_what_went_wrong(raised, fault):
    assert driver.fault_of(raised) == fault


@pytest.mark.parametrize(
    "code", [1205, 1213, 1040, 1045, 1062, 1064, 1290, 1836, 1792, 9501, 3159, 2003, 4031]
)
def test_what_the_server_refused_was_not_stored(code):
    assert driver.outcome_of(error(code), sent=True) is REFUSED


@pytest.mark.parametrize("code", [0, 2006, 2013, 2055, 1053, 1317, 1927, 3169, 1180, 1105])
def test_a_connection_that_dies_before_the_answer_leaves_it_open(code):
    assert driver.outcome_of(error(code), sent=True) is UNKNOWN
    assert driver.outcome_of(wrapped(orm_error(error(code))), sent=True) is UNKNOWN


@pytest.mark.parametrize("raised", [error(2013), error(1105), KeyError("x"), TimeoutError()])
def test_nothing_is_stored_by_a_writer_that_got_no_connection(raised):
    assert driver.outcome_of(raised, sent=False) is REFUSED


def test_a_connection_that_is_gone_without_a_number_leaves_it_open():
    assert driver.outcome_of(mysql.connector.errors.OperationalError("gone"), sent=True) is UNKNOWN


def test_an_error_of_other_code_leaves_it_open():
    assert driver.outcome_of(KeyError(1290), sent=True) is UNKNOWN


def test_a_retry_that_is_refused_does_not_refuse_the_first_try():
    raised = while_handling(error(2013), error(2003))

    assert driver.outcome_of(raised, sent=True) is UNKNOWN


def test_a_number_that_has_a_name_of_its_own_is_the_one_that_counts():
    made = type("DatabaseError", (Exception,), {"errno": 1290})("a text first")

    assert driver.fault_of(made) == Fault(1290, "read-only")
    assert driver.fault_of(type("DatabaseError", (Exception,), {})()) == Fault(0, "client")


@pytest.mark.parametrize(
    ("raised", "fault"),
    [
        (wrapped(TimeoutError()), Fault(0, "timeout")),
        (wrapped(ConnectionResetError()), Fault(0, "reset")),
        (wrapped(KeyError()), Fault(0, "client")),
    ],
)
def test_what_no_driver_raised_is_known_by_what_it_wraps(raised, fault):
    assert driver.fault_of(raised) == fault


def test_who_was_asked_to_write_tells_what_became_of_it():
    told = ToldError(UNKNOWN, Fault(7, "server"), "told")

    assert driver.classify(told, sent=True) == (UNKNOWN, Fault(7, "server"))
    assert driver.classify(error(1290), sent=True) == (REFUSED, Fault(1290, "read-only"))


def test_errors_that_refer_to_each_other_end():
    first, second = error(2013), error(2003)
    first.__context__, second.__context__ = second, first

    assert [*driver.chain(first)] == [first, second]


def test_pymysql_is_not_imported_before_it_is_needed():
    code = "import sys, pytest_rdsfailover.mysql.driver; sys.exit('pymysql' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_connection_takes_the_bounds_and_the_caller_has_the_last_word():
    bounds = Bounds(connect=0.2, read=0.3, write=0.4)

    made = driver.connect(WHERE, bounds=bounds, defer_connect=True, autocommit=False, user="other")

    assert made.connect_timeout == 0.2
    assert (made._read_timeout, made._write_timeout) == (0.3, 0.4)
    assert (made.user, made.autocommit_mode) == ("other", False)


@pytest.fixture
def logins(monkeypatch):
    """Answer logins: those with the password `n3w` get in, others the code that is planted."""
    seen, codes = [], [1045]

    def login(connection):
        seen.append(connection.password.decode())
        if seen[-1] != "n3w":
            raise pymysql.err.OperationalError(codes[0], "Access denied")
        return connection

    monkeypatch.setattr(driver, "_connected", login)
    return seen, codes


def rotated(now="n3w"):
    """An endpoint whose password has been rotated since it was read."""
    held = ["old"]

    def renew(refused):
        held[0] = now
        return held[0] != refused

    return replace(WHERE, token=lambda: held[0], renew=renew)


def test_a_password_that_was_rotated_is_read_anew_and_tried_once(logins):
    seen, _ = logins
    driver.connect(rotated())

    assert seen == ["old", "n3w"]


@pytest.mark.parametrize(
    ("endpoint", "code", "options"),
    [
        (WHERE, 1045, {}),
        (rotated("old"), 1045, {}),
        (rotated(), 1040, {}),
        (rotated(), 1045, {"password": "typed"}),
        (rotated(), 1045, {"user": "another"}),
    ],
    ids=["nothing to read", "not rotated", "too many connections", "own password", "own user"],
)
def test_a_login_that_no_new_password_would_help_is_not_tried_again(
    logins, endpoint, code, options
):
    seen, codes = logins
    codes[0] = code
    with pytest.raises(pymysql.err.OperationalError) as error:
        driver.connect(endpoint, **options)

    assert error.value.args[0] == code
    assert len(seen) == 1


def test_a_password_of_any_letters_is_sent_as_the_server_knows_it():
    """PyMySQL takes Latin 1 for it; other letters ended in an error that showed the password."""
    made = driver.connect(replace(WHERE, password="пароль"), defer_connect=True)

    assert made.password == "пароль".encode()


def test_connections_commit_by_themselves_and_without_authority_are_not_encrypted():
    made = driver.connect(WHERE, defer_connect=True)

    assert made.autocommit_mode is True
    assert not made.ssl


def test_all_connections_of_an_authority_share_one_tls_context(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(driver.ssl, "create_default_context", lambda *, cafile: made.append(cafile))
    ca = str(tmp_path / "ca.pem")

    for _ in range(3):
        driver._context(Tls(ca=ca).ca)

    assert made == [ca]


def test_a_storm_of_first_connections_makes_one_tls_context(tmp_path, monkeypatch):
    made, count = [], 32
    gate = threading.Barrier(count)

    def make(**_):
        time.sleep(0.02)  # lets all the others ask meanwhile
        made.append(object())
        return made[-1]

    monkeypatch.setattr(driver.ssl, "create_default_context", make)
    found = []

    def connect():
        gate.wait()
        found.append(driver._context(str(tmp_path / "ca.pem")))

    threads = [threading.Thread(target=connect) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1
    assert found == made * count


class LateContext(ssl.SSLContext):
    """Begins the handshake when the server is gone for certain."""

    def wrap_socket(self, sock, *args, **options):
        until(lambda: gone(sock))
        return super().wrap_socket(sock, *args, **options)


def gone(sock):
    try:
        sock.getpeername()
    except OSError:
        return True
    return False


def test_a_server_that_is_gone_before_the_tls_handshake_leaves_no_socket_open():
    greeting = encode_greeting(
        Greeting(
            version=b"8.0.36",
            thread_id=1,
            capabilities=RELAYED | Capability.SSL,
            status=2,
            charset=45,
            scramble=bytes(range(1, 21)),
            plugin=b"mysql_native_password",
        )
    )

    def greet_and_reset():
        client, _ = server.accept()
        with client:
            client.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
            client.recv(4)  # the rest is unread: closing resets the connection

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=greet_and_reset).start()
        host, port = server.getsockname()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            with pytest.raises(pymysql.err.MySQLError):
                driver.connect(
                    replace(WHERE, host=host, port=port), ssl=LateContext(ssl.PROTOCOL_TLS_CLIENT)
                )
            gc.collect()
    assert [str(warning.message) for warning in said] == []


def test_a_connection_is_encrypted_for_an_authority_if_that_is_wanted(monkeypatch):
    context = ssl.create_default_context()
    monkeypatch.setattr(driver, "_context", lambda _: context)

    def made(**how):
        return driver.connect(replace(WHERE, tls=Tls(ca="ca.pem", **how)), defer_connect=True)

    assert made().ctx is context
    assert not made(wanted=False).ssl
    assert driver.connect(WHERE, defer_connect=True, ssl=context).ctx is context


def test_no_schema_is_asked_for_where_there_is_none():
    assert driver.connect(replace(WHERE, database=""), defer_connect=True).db is None
    assert driver.connect(WHERE, defer_connect=True).db == "d"


def test_a_connection_by_a_file_is_safe_and_refused_where_nobody_listens(tmp_path):
    path = str(tmp_path / "s")
    made = driver.connect(WHERE, defer_connect=True, unix_socket=path)
    with pytest.raises(pymysql.err.OperationalError, match="No such file") as raised:
        driver._socket(made)
    assert driver.fault_of(raised.value) == Fault(2003, "refused")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        with driver._socket(made) as sock:
            assert sock.gettimeout() == made.connect_timeout
    assert made._secure


def test_a_connection_waits_shortly_sends_at_once_and_notices_who_is_gone():
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = replace(WHERE, port=server.getsockname()[1])
        made = driver.connect(where, defer_connect=True, bind_address="127.0.0.3")
        with driver._socket(made) as sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert sock.gettimeout() == made.connect_timeout
            assert sock.getsockname()[0] == "127.0.0.3"


def test_an_error_of_a_login_shows_no_frame_that_holds_what_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            server.accept()[0].close()

        threading.Thread(target=hang_up).start()
        with pytest.raises(pymysql.err.OperationalError) as raised:
            driver.connect(replace(WHERE, port=server.getsockname()[1]))

    shown = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert set(shown[1:]) <= {"connect"}


@pytest.mark.parametrize("sock", [None, object()])
def test_a_connection_is_closed_without_a_word_if_it_is_open(sock):
    done = []
    driver.close(SimpleNamespace(_sock=sock, _force_close=lambda: done.append(1)))

    assert done == [1] * (sock is not None)


class Refusing:
    """A connection that answers with a name, or fails."""

    def __init__(self, failure=None):
        self.failure = failure

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def execute(self, _):
        if self.failure is not None:
            raise self.failure

    def fetchone(self):
        return ("one",)


def test_a_server_that_knows_no_instances_is_none_and_any_other_error_is_raised():
    assert driver.instance_of(Refusing()) == "one"
    assert driver.instance_of(Refusing(error(1193))) is None
    with pytest.raises(pymysql.err.OperationalError):
        driver.instance_of(Refusing(error(2013)))


def test_a_session_that_has_ended_is_no_error_to_kill_and_any_other_refusal_is():
    driver.kill_session(Refusing(), 7)
    driver.kill_session(Refusing(error(1094)), 7)
    with pytest.raises(pymysql.err.OperationalError):
        driver.kill_session(Refusing(error(1227)), 7)


def test_a_connection_that_reached_itself_ends_by_a_reset_at_once(monkeypatch):
    class Itself:
        options, closed = [], False

        def getsockname(self):
            return ("127.0.0.1", 10001)

        getpeername = getsockname

        def setsockopt(self, *option):
            self.options.append(option)

        def close(self):
            self.closed = True

    made = Itself()
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: made)
    with pytest.raises(pymysql.err.OperationalError) as raised:
        driver.connect(WHERE)

    assert raised.value.args[0] == 2003
    assert made.options == [(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))]
    assert made.closed
