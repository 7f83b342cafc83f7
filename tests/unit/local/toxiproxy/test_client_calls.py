"""What each call of the client asks of the server, and what is made of the answer."""

import pytest

from pytest_rdsfailover.local.toxiproxy.client import ToxiproxyClient
from pytest_rdsfailover.model.errors import SettingError, ToxiproxyError

PROXY = {"name": "a/b", "listen": "h:1", "upstream": "h:2", "enabled": True}
LATENCY = {"name": "latency_downstream", "type": "latency", "stream": "downstream",
           "toxicity": 1.0, "attributes": {"latency": 100, "jitter": 0}}  # fmt: skip
PATH = "/proxies/a%2Fb"


class Api:
    """Toxiproxy's API: answers by path, and notes what it was asked."""

    url = "http://127.0.0.1:8474"

    def __init__(self):
        self.asked, self.closed, self.fails = [], 0, {}
        self.answers = {
            "/version": {"version": "2.12.0"}, "/proxies": {"a/b": PROXY},
            "/populate": {"proxies": [PROXY]}, PATH: PROXY, f"{PATH}/toxics": [LATENCY],
            f"{PATH}/toxics/c%20d": LATENCY,
        }  # fmt: skip

    def call(self, method, path, body=None):
        self.asked.append((method, path, body))
        if method in self.fails:
            raise self.fails[method]
        answer = self.answers.get(path)
        if method == "POST" and path != "/populate":
            return next(iter(answer.values())) if isinstance(answer, dict) else answer[0]
        return answer

    json = call

    def close(self):
        self.closed += 1


@pytest.fixture
def client():
    client = ToxiproxyClient(Api.url)
    client._api = Api()
    return client


TOXIC = {"name": "latency_downstream", "type": "latency", "stream": "downstream", "toxicity": 1.0}


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        (lambda client: client.version(), ("GET", "/version", None)),
        (lambda client: client.proxies(), ("GET", "/proxies", None)),
        (lambda client: client.get_proxy("a/b"), ("GET", "/proxies", None)),
        (lambda client: client.proxy("a/b"), ("GET", PATH, None)),
        (lambda client: client.delete("a/b"), ("DELETE", PATH, None)),
        (lambda client: client.toxics("a/b"), ("GET", f"{PATH}/toxics", None)),
        (lambda client: client.remove_toxic("a/b", "c d"), ("DELETE", f"{PATH}/toxics/c%20d", None)),
        (
            lambda client: client.create("x", upstream="u:1"),
            ("POST", "/proxies", {"name": "x", "upstream": "u:1", "listen": "127.0.0.1:0", "enabled": True}),
        ),
        (
            lambda client: client.create("x", upstream="u:1", listen="l:1", enabled=False),
            ("POST", "/proxies", {"name": "x", "upstream": "u:1", "listen": "l:1", "enabled": False}),
        ),
        (lambda client: client.populate([PROXY]), ("POST", "/populate", [PROXY])),
        (
            lambda client: client.update("a/b", enabled=False, upstream="u:1", listen="l:1"),
            ("PATCH", PATH, {"enabled": False, "upstream": "u:1", "listen": "l:1"}),
        ),
        (lambda client: client.update("a/b"), ("PATCH", PATH, {})),
        (
            lambda client: client.add_toxic("a/b", type="latency"),
            ("POST", f"{PATH}/toxics", TOXIC | {"attributes": {}}),
        ),
        (
            lambda client: client.add_toxic("a/b", type="noop", stream="upstream", toxicity=0.0),
            ("POST", f"{PATH}/toxics", TOXIC | {
                "type": "noop", "name": "noop_upstream", "stream": "upstream", "toxicity": 0.0,
                "attributes": {},
            }),
        ),
        (
            lambda client: client.add_toxic("a/b", type="latency", name="n", attributes={"jitter": 1}),
            ("POST", f"{PATH}/toxics", TOXIC | {"name": "n", "attributes": {"jitter": 1}}),
        ),
        (
            lambda client: client.update_toxic("a/b", "c d", attributes={"jitter": 1}),
            ("PATCH", f"{PATH}/toxics/c%20d", {"attributes": {"jitter": 1}}),
        ),
        (
            lambda client: client.update_toxic("a/b", "c d", attributes={}, toxicity=0.0),
            ("PATCH", f"{PATH}/toxics/c%20d", {"attributes": {}, "toxicity": 0.0}),
        ),
    ],
)  # fmt: skip
def test_a_call_is_one_request(client, call, asked):
    call(client)
    assert client._api.asked == [asked]


def test_what_the_server_shows_becomes_objects_by_name(client):
    assert client.version() == "2.12.0"
    assert list(client.proxies()) == ["a/b"]
    for proxy in (client.proxy("a/b"), client.get_proxy("a/b"), client.populate([PROXY])[0]):
        shown = (proxy.name, proxy.listen, proxy.upstream, proxy.enabled)
        assert shown == ("a/b", "h:1", "h:2", True)
    assert client.get_proxy("c") is None
    toxic = client.toxics("a/b")["latency_downstream"]
    assert (toxic.proxy, toxic.type, toxic.attributes) == ("a/b", "latency", LATENCY["attributes"])
    client._api.answers["/populate"] = {"proxies": None}
    assert client.populate([]) == []


def test_an_object_passes_on_what_it_is_told_under_its_name(client):
    proxy, api = client.proxy("a/b"), client._api
    api.asked.clear()
    proxy.enable()
    proxy.update(upstream="u:1", listen="l:1")
    toxic = proxy.add_toxic(type="latency", name="c d")
    assert list(proxy.toxics()) == [toxic.name]
    assert proxy.get_toxic("latency_downstream").name == toxic.name
    assert proxy.get_toxic("x") is None
    toxic.name = "c d"
    changed = toxic.update(attributes={"jitter": 1}, toxicity=0.5)
    assert changed.name == "latency_downstream"
    toxic.destroy()
    proxy.destroy_toxic("c d")
    proxy.destroy()
    one = f"{PATH}/toxics/c%20d"
    assert api.asked == [
        ("PATCH", PATH, {"enabled": True}),
        ("PATCH", PATH, {"upstream": "u:1", "listen": "l:1"}),
        ("POST", f"{PATH}/toxics", TOXIC | {"name": "c d", "attributes": {}}),
        *[("GET", f"{PATH}/toxics", None)] * 3,
        ("PATCH", one, {"attributes": {"jitter": 1}, "toxicity": 0.5}),
        ("DELETE", one, None), ("DELETE", one, None), ("DELETE", PATH, None),
    ]  # fmt: skip


def test_a_changed_proxy_shows_what_the_server_made_of_it(client):
    proxy = client.proxy("a/b")
    client._api.answers[PATH] = PROXY | {"listen": "h:7", "enabled": False}
    proxy.update(upstream="u:1")
    assert (proxy.listen, proxy.enabled) == ("h:7", False)


def test_a_proxy_takes_a_toxic_for_a_block(client):
    with client.proxy("a/b").toxic(type="latency") as toxic:
        assert toxic.name == "latency_downstream"
        assert client._api.asked[-1][0] == "POST"
    assert client._api.asked[-1] == ("DELETE", f"{PATH}/toxics/latency_downstream", None)


@pytest.mark.parametrize(
    ("toxic", "name"),
    [
        ({"type": "latency"}, "latency_downstream"),
        ({"type": "latency", "stream": "upstream"}, "latency_upstream"),
        ({"type": "latency", "name": "own"}, "own"),
        ({"type": "latency", "name": None}, "latency_downstream"),
    ],
)
def test_a_toxic_that_may_have_been_added_all_the_same_is_removed_by_its_name(client, toxic, name):
    client._api.fails["POST"] = ToxiproxyError("POST", "/", None, "timed out")
    with pytest.raises(ToxiproxyError), client.toxic("a/b", **toxic):
        pytest.fail("the block must not run")
    assert client._api.asked[1:] == [("DELETE", f"{PATH}/toxics/{name}", None)]


def test_an_attribute_that_a_type_without_any_gets_is_refused_with_the_word_none(client):
    client._api.answers[f"{PATH}/toxics"] = [LATENCY | {"type": "noop", "attributes": {}}]
    with pytest.raises(SettingError, match="'noop' has no attribute 'a', 'b'; it has none"):
        client.add_toxic("a/b", type="noop", attributes={"b": 1, "a": 2})


def test_leaving_a_client_closes_its_connections(client):
    with client as same:
        assert same is client
        assert client._api.closed == 0
    assert client._api.closed == 1


def test_reset_is_one_request_and_a_server_that_fails_is_not_running(client):
    client._api.answers["/reset"] = [None]
    client.reset()
    assert client._api.asked == [("POST", "/reset", None)]
    assert client.running()
    client._api.fails["GET"] = ToxiproxyError("GET", "/", None, "refused")
    assert not client.running()
