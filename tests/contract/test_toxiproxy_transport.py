"""Requests to Toxiproxy's API: whose connections they take, what counts as agreed, what is undone."""

import socket
import threading
from contextlib import suppress

import pytest
from answering import answering

from pytest_rdsfailover.local.toxiproxy.transport import Transport, undone_if_unanswered
from pytest_rdsfailover.model.errors import ToxiproxyError

WITHIN = 30.0  # seconds


@pytest.mark.parametrize("status", [200, 201, 299])
def test_what_the_server_agrees_to_is_an_answer(status):
    with answering((status, "[7]")) as (client, heard):
        assert Transport(client.url, WITHIN).json("PUT", "/a", {"b": 1}) == [7]
    assert heard[0].startswith("PUT /a HTTP/1.1\r\n")
    assert heard[0].endswith('\r\n\r\n{"b": 1}')


@pytest.mark.parametrize("status", [300, 301, 400, 500])
def test_what_it_does_not_agree_to_raises_with_what_it_said(status):
    with answering((status, " no \n")) as (client, _), pytest.raises(ToxiproxyError) as caught:
        Transport(client.url, WITHIN).call("GET", "/a")
    error = caught.value
    assert (error.method, error.path, error.status, error.body) == ("GET", "/a", status, "no")


def test_an_answer_that_is_no_json_is_told_as_it_came():
    with answering((200, " no ")) as (client, _), pytest.raises(ToxiproxyError) as caught:
        Transport(client.url, WITHIN).json("GET", "/a")
    error = caught.value
    assert (error.method, error.path, error.status, error.body) == ("GET", "/a", 200, " no ")


def test_a_redirection_is_not_followed():
    moved = ("302 Found\r\nLocation: /b\r\nX-More:", "")
    with answering(moved, (200, "[]")) as (client, heard), pytest.raises(ToxiproxyError) as caught:
        Transport(client.url, WITHIN).call("GET", "/a")
    assert (caught.value.status, len(heard)) == (302, 1)


def test_a_slash_at_the_end_of_its_place_changes_nothing():
    assert Transport("http://127.0.0.1:1/", WITHIN).url == "http://127.0.0.1:1"


@pytest.fixture
def kept_open(server):
    """A server that keeps its connections, and counts them; and a transport to it."""
    accepted = []

    def serve(connection):
        with suppress(OSError):  # the client, or the end of the test, may close it meanwhile
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    threads = []

    def run():
        with suppress(OSError):  # when nobody listens any more
            while True:
                accepted.append(server.accept())
                threads.append(threading.Thread(target=serve, args=accepted[-1:]))
                threads[-1].start()

    thread = threading.Thread(target=run)
    thread.start()
    transport = Transport(f"http://{server.address}", WITHIN)
    yield transport, accepted
    transport.close()
    server.listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in accepted:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    for each in threads:
        each.join()


def test_a_thread_keeps_its_connection_and_shares_it_with_no_other(kept_open):
    transport, accepted = kept_open
    for _ in range(3):
        transport.call("GET", "/a")
    assert len(accepted) == 1
    other = threading.Thread(target=transport.call, args=("GET", "/a"))
    other.start()
    other.join()
    assert len(accepted) == 2


def test_closing_ends_the_connections_of_all_threads_and_a_later_call_opens_another(kept_open):
    transport, accepted = kept_open
    transport.call("GET", "/a")
    transport.close()
    transport.call("GET", "/a")
    assert len(accepted) == 2


def test_a_netrc_of_the_user_has_no_say(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with answering((200, "1")) as (client, heard):
        Transport(client.url, WITHIN).json("GET", "/a")
    assert "authorization" not in heard[0].lower()


def refuse(status):
    raise ToxiproxyError("GET", "/a", status, "said")


@pytest.mark.parametrize(("status", "undone"), [(None, 1), (500, 0)])
def test_what_got_no_answer_is_undone_and_the_failure_raised_all_the_same(status, undone):
    calls = []
    with pytest.raises(ToxiproxyError) as caught, undone_if_unanswered(lambda: calls.append(1)):
        refuse(status)
    assert (caught.value.status, len(calls)) == (status, undone)


def test_undoing_that_fails_says_nothing_new_and_what_was_done_stays_done():
    with pytest.raises(ToxiproxyError) as caught, undone_if_unanswered(lambda: refuse(404)):
        refuse(None)
    assert caught.value.status is None
    with undone_if_unanswered(lambda: refuse(None)):
        pass
