"""The client against servers that misbehave."""

import time

import pytest
import toxiproxy
from answering import answering
from toxiproxies import free_port

from pytest_rdsfailover.local.toxiproxy.client import Toxic, ToxiproxyClient, ToxiproxyProxy
from pytest_rdsfailover.model.errors import ToxiproxyError

CALLS = {
    "reset": lambda client: client.reset(),
    "delete": lambda client: client.delete("db"),
    "disable": lambda client: client.update("db", enabled=False),
    "create": lambda client: client.create("db", upstream="u:1"),
    "populate": lambda client: client.populate([]),
    "add_toxic": lambda client: client.add_toxic("db", type="latency"),
    "update_toxic": lambda client: client.update_toxic("db", "x", toxicity=1.0),
    "remove_toxic": lambda client: client.remove_toxic("db", "x"),
    "version": lambda client: client.version(),
    "proxies": lambda client: client.proxies(),
}


REFUSALS = [301, 400, 403, 404, 409, 500, 503]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_refusal_raises(call):
    with answering(*((status, "because") for status in REFUSALS)) as (client, heard):
        for status in REFUSALS:
            with pytest.raises(ToxiproxyError) as caught:
                call(client)
            assert (caught.value.status, caught.value.body) == (status, "because")

    assert len(heard) == len(REFUSALS)


def test_an_answer_that_is_no_json_raises():
    with answering((200, "hello")) as (client, _), pytest.raises(ToxiproxyError) as caught:
        client.proxies()

    assert caught.value.body == "hello"


def test_silence_raises_after_the_timeout():
    start = time.monotonic()
    with answering(None) as (client, _), pytest.raises(ToxiproxyError) as caught:
        client.reset()

    assert caught.value.status is None
    assert time.monotonic() - start < 5


def test_nobody_there_raises_and_is_not_running():
    with ToxiproxyClient(f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises(ToxiproxyError):
            client.version()
        assert not client.running()


def test_proxies_of_the_environment_have_no_say(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with answering((200, '{"version": "1"}')) as (client, _):
        assert client.version() == "1"


def test_an_update_sends_only_what_is_given():
    body = '{"name": "a/b", "listen": "l", "upstream": "u", "enabled": true}'
    with answering((200, body)) as (client, heard):
        client.update("a/b", upstream="u")

    assert heard[0].startswith("PATCH /proxies/a%2Fb ")
    assert heard[0].endswith('{"upstream": "u"}')


def test_an_unanswered_disabling_is_undone():
    enabled = '{"name": "db", "listen": "l", "upstream": "u", "enabled": true}'
    with (
        answering(None, (200, enabled)) as (client, heard),
        pytest.raises(ToxiproxyError) as caught,
        client.down("db"),
    ):
        pytest.fail("the block must not run")

    assert caught.value.status is None
    assert heard[1].endswith('{"enabled": true}')


def test_a_refused_disabling_is_not_followed_by_another_request():
    with (
        answering((500, "no")) as (client, heard),
        pytest.raises(ToxiproxyError),
        client.down("db"),
    ):
        pytest.fail("the block must not run")

    assert len(heard) == 1


def test_a_disabled_proxy_is_enabled_again_by_one_request_after_the_block():
    body = '{"name": "db", "listen": "l", "upstream": "u", "enabled": true}'
    with (
        answering((200, body), (200, body)) as (client, heard),
        pytest.raises(ZeroDivisionError),
        client.down("db"),
    ):
        assert [each.partition("{")[2] for each in heard] == ['"enabled": false}']
        raise ZeroDivisionError

    assert [each.partition("{")[2] for each in heard] == ['"enabled": false}', '"enabled": true}']


def test_two_clients_of_two_servers_do_not_mix():
    with (
        answering((200, '{"version": "1"}')) as (one, _),
        answering((200, '{"version": "2"}')) as (two, _),
    ):
        assert (one.version(), two.version()) == ("1", "2")


@pytest.mark.parametrize(
    ("ours", "theirs"), [(ToxiproxyProxy, toxiproxy.Proxy), (Toxic, toxiproxy.toxic.Toxic)]
)
def test_no_method_is_left_that_talks_past_the_client(ours, theirs):
    inherited = [
        name
        for name, member in vars(theirs).items()
        if callable(member) and not name.startswith("_") and name not in vars(ours)
    ]

    assert inherited == []
