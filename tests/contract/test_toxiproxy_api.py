"""Statuses and bodies of the REST API, on the built-in server and the real one."""

import threading

import pytest
from toxiproxies import free_port

from pytest_rdsfailover.model.errors import SettingError, ToxiproxyError

UPSTREAM = "127.0.0.1:9"
LATENCY = {"type": "latency", "attributes": {"latency": 5}}


@pytest.fixture
def proxy(client):
    return client.create("db", upstream=UPSTREAM, listen=f"127.0.0.1:{free_port()}")


def test_a_created_proxy_is_shown_as_it_was_asked_for(raw):
    asked = {"name": "db", "listen": f"127.0.0.1:{free_port()}", "upstream": UPSTREAM}

    created = raw("POST", "/proxies", asked)

    assert created == (201, {**asked, "enabled": True, "Logger": {}, "toxics": []})
    assert raw("GET", "/proxies/db") == (200, created[1])
    assert raw("GET", "/proxies") == (200, {"db": created[1]})


def test_a_proxy_may_be_created_disabled_and_deleted(raw):
    asked = {"name": "db", "listen": "127.0.0.1:0", "upstream": UPSTREAM, "enabled": False}

    assert raw("POST", "/proxies", asked)[1] == {**asked, "Logger": {}, "toxics": []}
    assert raw("DELETE", "/proxies/db") == (204, "")
    assert raw("GET", "/proxies") == (200, {})


def refused(text, status):
    return status, {"error": text, "status": status}


@pytest.mark.usefixtures("proxy")
def test_what_is_not_there_is_a_404(raw):
    for method, path, body in [
        ("GET", "/proxies/no", None),
        ("PATCH", "/proxies/no", {}),
        ("DELETE", "/proxies/no", None),
        ("GET", "/proxies/no/toxics", None),
        ("POST", "/proxies/no/toxics", LATENCY),
    ]:
        assert raw(method, path, body) == refused("proxy not found", 404)
    for method in "GET", "PATCH", "DELETE":
        answer = raw(method, "/proxies/db/toxics/no", {} if method == "PATCH" else None)
        assert answer == refused("toxic not found", 404)
    for path in "/", "/nothing", "/proxies/", "/proxies/a%2Fb", "/proxies/db/toxics/a/b":
        assert raw("GET", path) == (404, "404 page not found\n")


@pytest.mark.usefixtures("proxy")
def test_a_method_that_a_path_does_not_have_is_a_405(raw):
    for method, path in [("PUT", "/proxies"), ("POST", "/version"), ("GET", "/reset")]:
        assert raw(method, path) == (405, "")


@pytest.mark.usefixtures("proxy")
def test_incomplete_or_wrong_bodies_are_a_400(raw):
    assert raw("POST", "/proxies") == refused("bad request body: EOF", 400)
    assert raw("POST", "/proxies", {}) == refused("missing required field: name", 400)
    assert raw("POST", "/proxies", {"name": "x"}) == refused(
        "missing required field: upstream", 400
    )
    for method, path, body in [
        ("POST", "/proxies", b"{"),
        ("POST", "/proxies", {"name": 5}),
        ("POST", "/proxies", []),
        ("PATCH", "/proxies/db", {"enabled": "no"}),
        ("PATCH", "/proxies/db", {"upstream": 5}),
        ("POST", "/proxies/db/toxics", {**LATENCY, "toxicity": "all"}),
        ("POST", "/proxies/db/toxics", {"type": "latency", "attributes": {"latency": 5.5}}),
        ("POST", "/proxies/db/toxics", {"type": "latency", "attributes": {"latency": True}}),
        ("POST", "/populate", {}),
    ]:
        status, answer = raw(method, path, body)
        assert (status, answer["status"]) == (400, 400), (path, body)
        assert answer["error"].startswith("bad request body: ")


@pytest.mark.usefixtures("proxy")
def test_null_fields_are_as_good_as_absent_ones(raw):
    answer = raw("PATCH", "/proxies/db", {"enabled": None, "upstream": None, "Listen": None})

    assert answer[0] == 200
    assert answer[1]["enabled"] is True


@pytest.mark.usefixtures("proxy")
def test_conflicts_are_a_409(raw):
    body = {"name": "db", "upstream": UPSTREAM, "listen": f"127.0.0.1:{free_port()}"}
    assert raw("POST", "/proxies", body) == refused("proxy already exists", 409)

    raw("POST", "/proxies/db/toxics", LATENCY)
    assert raw("POST", "/proxies/db/toxics", LATENCY) == refused("toxic already exists", 409)


def test_a_port_in_use_is_a_500_and_leaves_no_proxy(raw, proxy):
    body = {"name": "other", "upstream": UPSTREAM, "listen": proxy.listen}
    text = f"listen tcp {proxy.listen}: bind: address already in use"

    assert raw("POST", "/proxies", body) == refused(text, 500)
    assert raw("GET", "/proxies/other")[0] == 404


@pytest.mark.usefixtures("proxy")
def test_an_address_without_a_port_is_a_500(raw):
    body = {"name": "other", "upstream": UPSTREAM, "listen": "nowhere"}

    assert raw("POST", "/proxies", body) == refused(
        "listen tcp: address nowhere: missing port in address", 500
    )
    assert raw("PATCH", "/proxies/db", {"listen": "nowhere"}) == refused(
        "address nowhere: missing port in address", 500
    )


def test_a_web_page_is_turned_away(raw):
    headers = {"User-Agent": "Mozilla/5.0"}
    assert raw("GET", "/proxies", **headers) == (403, "User agent not allowed\n")


@pytest.mark.usefixtures("proxy")
def test_toxics_are_shown_by_stream_in_the_order_of_their_creation(raw):
    for name, stream in [("a", "downstream"), ("b", "upstream"), ("c", "downstream")]:
        raw("POST", "/proxies/db/toxics", {**LATENCY, "name": name, "stream": stream})

    status, shown = raw("GET", "/proxies/db/toxics")

    assert status == 200
    assert [toxic["name"] for toxic in shown] == ["b", "a", "c"]
    assert raw("GET", "/proxies/db")[1]["toxics"] == shown
    assert raw("GET", "/proxies/db/toxics/b") == (200, shown[0])


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("latency", {"latency": 1, "jitter": 2}),
        ("bandwidth", {"rate": 3}),
        ("slow_close", {"delay": 4}),
        ("timeout", {"timeout": 5}),
        ("reset_peer", {"timeout": 6}),
        ("slicer", {"average_size": 7, "size_variation": 8, "delay": 9}),
        ("limit_data", {"bytes": 10}),
        ("noop", {}),
    ],
)
@pytest.mark.usefixtures("proxy")
def test_every_toxic_keeps_its_attributes_and_ignores_others(raw, kind, attributes):
    described = {"type": kind, "attributes": {**attributes, "colour": 1}}

    status, shown = raw("POST", "/proxies/db/toxics", described)

    assert status == 200
    assert shown == {
        "attributes": attributes,
        "name": f"{kind}_downstream",
        "type": kind,
        "stream": "downstream",
        "toxicity": 1,
    }


@pytest.mark.parametrize("method", ["PATCH", "POST"])
@pytest.mark.usefixtures("proxy")
def test_an_update_of_a_toxic_changes_only_what_is_given(raw, method):
    raw("POST", "/proxies/db/toxics", {**LATENCY, "toxicity": 0.5})
    path = "/proxies/db/toxics/latency_downstream"

    assert raw(method, path, {"attributes": {"jitter": 2}})[0] == 200

    shown = raw("GET", path)[1]
    assert shown["attributes"] == {"latency": 5, "jitter": 2}
    assert shown["toxicity"] == 0.5
    assert raw(method, path, {"toxicity": 0})[1]["toxicity"] == 0


@pytest.mark.usefixtures("proxy")
def test_bad_toxics_are_a_400(raw):
    stream = "stream was invalid, can be either upstream or downstream"
    path = "/proxies/db/toxics"

    assert raw("POST", path, {"type": "nope"}) == refused("invalid toxic type", 400)
    assert raw("POST", path, {**LATENCY, "stream": "side"}) == refused(stream, 400)
    assert raw("GET", path) == (200, [])


def test_populate_creates_keeps_and_replaces(raw, proxy):
    raw("POST", "/proxies/db/toxics", LATENCY)
    same = {"name": "db", "upstream": UPSTREAM, "listen": proxy.listen}
    other = {"name": "new", "upstream": UPSTREAM, "listen": f"127.0.0.1:{free_port()}"}

    status, shown = raw("POST", "/populate", [same, other])

    assert status == 201
    assert [len(proxy["toxics"]) for proxy in shown["proxies"]] == [1, 0]

    status, shown = raw("POST", "/populate", [{**same, "upstream": "127.0.0.1:10"}])
    assert shown["proxies"][0]["upstream"] == "127.0.0.1:10"
    assert shown["proxies"][0]["toxics"] == []


def test_populate_looks_at_all_types_before_it_misses_a_field(raw):
    status, shown = raw("POST", "/populate", [{"name": "x"}, {"name": 7, "upstream": "u"}])
    assert status == 400
    assert shown["error"].startswith("bad request body")
    assert shown["proxies"] is None


def test_populate_reports_what_failed_and_what_was_done(raw, proxy):
    new = {"name": "new", "upstream": UPSTREAM, "listen": "127.0.0.1:0", "enabled": False}
    taken = {"name": "taken", "upstream": UPSTREAM, "listen": proxy.listen}

    status, shown = raw("POST", "/populate", [new, {"name": "x"}])
    assert (status, shown["proxies"]) == (400, None)
    assert shown["error"] == "missing required field: upstream at proxy 2"

    status, shown = raw("POST", "/populate", [new, taken])
    assert (status, shown["status"], shown["proxies"][0]["name"]) == (500, 500, "new")


@pytest.mark.usefixtures("proxy")
def test_reset_enables_proxies_and_removes_toxics(raw):
    raw("POST", "/proxies/db/toxics", LATENCY)
    raw("PATCH", "/proxies/db", {"enabled": False})

    assert raw("POST", "/reset") == (204, "")

    shown = raw("GET", "/proxies/db")[1]
    assert (shown["enabled"], shown["toxics"]) == (True, [])


@pytest.mark.parametrize("name", ["a b", "a?b", "a#b", "ä", "100%", "a%20b", "a;b&c=d+e"])
def test_names_with_special_characters_are_reached(client, name):
    client.create(name, upstream=UPSTREAM, listen=f"127.0.0.1:{free_port()}")
    client.add_toxic(name, type="latency", name=name)

    assert client.proxy(name).name == name
    assert list(client.toxics(name)) == [name]
    client.remove_toxic(name, name)
    client.delete(name)
    assert client.proxies() == {}


@pytest.mark.usefixtures("proxy")
def test_the_client_raises_with_what_the_server_said(client):
    with pytest.raises(ToxiproxyError) as caught:
        client.create("db", upstream=UPSTREAM, listen="127.0.0.1:0")

    error = caught.value
    assert (error.method, error.path, error.status) == ("POST", "/proxies", 409)
    assert "already exists" in error.body
    assert "409" in str(error)

    with pytest.raises(ToxiproxyError) as caught:
        client.update("db", listen="nowhere")
    assert caught.value.status == 500


def test_the_objects_of_the_client_act_on_the_server(client, proxy):
    proxy.disable()
    assert (proxy.enabled, client.proxy("db").enabled) == (False, False)
    proxy.enable()
    toxic = proxy.add_toxic(type="latency", attributes={"latency": 1})
    assert toxic.update(attributes={"jitter": 3}, toxicity=0.5).attributes["jitter"] == 3
    assert proxy.get_toxic("latency_downstream").toxicity == 0.5
    toxic.destroy()
    assert proxy.toxics() == {}
    proxy.update(upstream="127.0.0.1:10")
    assert client.get_proxy("db").upstream == "127.0.0.1:10"
    proxy.destroy()
    assert client.get_proxy("db") is None


def test_blocks_mend_what_they_broke_also_after_an_exception(client, proxy):
    def fail_inside(block):
        with pytest.raises(RuntimeError), block:
            raise RuntimeError

    fail_inside(client.down("db"))
    fail_inside(client.toxic("db", type="latency"))
    fail_inside(proxy.down())
    fail_inside(proxy.toxic(type="latency"))
    with client.toxic("db", type="latency"):
        client.reset()

    assert client.proxy("db").enabled
    assert client.toxics("db") == {}


def test_threads_may_share_a_client(client):
    failures = []

    def work(number):
        try:
            for _ in range(20):
                name = f"p{number}"
                client.create(name, upstream=UPSTREAM, enabled=False)
                client.add_toxic(name, type="latency")
                client.delete(name)
        except ToxiproxyError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert client.proxies() == {}


@pytest.mark.usefixtures("proxy")
def test_an_attribute_that_a_toxic_does_not_have_is_refused_and_leaves_no_toxic(client):
    with pytest.raises(SettingError, match="'latency' has no attribute 'latncy'; it has jitter, l"):
        client.add_toxic("db", type="latency", attributes={"latncy": 5, "jitter": 1})

    assert client.toxics("db") == {}


@pytest.mark.usefixtures("proxy")
def test_a_change_of_an_attribute_that_a_toxic_does_not_have_is_refused(client):
    toxic = client.add_toxic("db", type="latency", attributes={"latency": 5})

    with pytest.raises(SettingError, match="'latency' has no attribute 'latncy'; it has jitter, l"):
        toxic.update(attributes={"latncy": 500})

    assert client.toxics("db")[toxic.name].attributes == {"latency": 5, "jitter": 0}
