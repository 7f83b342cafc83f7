"""Where requests lead, by their methods and paths; no proxy of these tests listens."""

import json

import pytest

from pytest_rdsfailover.local.toxiproxy.answer import NOT_ALLOWED, NOT_FOUND, Answer
from pytest_rdsfailover.local.toxiproxy.api import Api

OFF = {"name": "a", "listen": "h:1", "upstream": "h:2", "enabled": False}


@pytest.fixture
def api():
    return Api()


def asked(api, method, path, body=None):
    """Return the status and the value of the answer to a request."""
    answer = api.route(method, path)
    if not isinstance(answer, Answer):
        answer = answer(b"" if body is None else json.dumps(body).encode())
    return int(answer.status), json.loads(answer.body or "null")


@pytest.mark.parametrize(
    ("path", "query", "place"),
    [
        ("//proxies", "", "/proxies"),
        ("//proxies", "a=1&b", "/proxies?a=1&b"),
        ("/proxies/./a/../b c/", "", "/proxies/b%20c/"),
        ("proxies", "", "/proxies"),
        ("//", "", "/"),
        ("/../ü$&+,:;=@-_.~!", "", "/%C3%BC$&+,:;=@-_.~%21"),
    ],
)
def test_a_path_that_is_not_clean_is_moved_with_its_query(api, path, query, place):
    moved = api.route("GET", path, query)
    assert (moved.status, moved.location) == (301, place)


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/proxies/", "/proxies/a/", "/proxies/a/b", "/proxies/a/toxics/b/c"]
)
def test_what_is_no_place_is_not_found(api, path):
    assert api.route("GET", path, "x=1") is NOT_FOUND


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/proxies"), ("GET", "/reset"), ("POST", "/version")]
)
def test_a_place_has_its_methods(api, method, path):
    assert api.route(method, path) is NOT_ALLOWED


def test_what_is_made_is_shown_sorted_and_gone_when_it_is_deleted(api):
    for name in "ba":
        assert asked(api, "POST", "/proxies", OFF | {"name": name})[0] == 201
    status, shown = asked(api, "GET", "/proxies")
    assert (status, list(shown)) == (200, ["a", "b"])
    assert asked(api, "GET", "/proxies/a") == (200, shown["a"])
    assert asked(api, "DELETE", "/proxies/a") == (204, None)
    assert asked(api, "GET", "/proxies/a")[0] == 404
    assert list(asked(api, "GET", "/proxies")[1]) == ["b"]


def test_a_name_is_taken_once_and_an_existing_one_that_is_alike_is_kept(api):
    asked(api, "POST", "/proxies", OFF)
    assert asked(api, "POST", "/proxies", OFF)[0] == 409
    asked(api, "POST", "/proxies/a/toxics", {"type": "noop"})
    here = OFF | {"listen": "127.0.0.1:7"}
    assert len(asked(api, "PATCH", "/proxies/a", here)[1]["toxics"]) == 1
    status, shown = asked(api, "POST", "/populate", [here, OFF | {"name": "b"}])
    assert (status, [len(each["toxics"]) for each in shown["proxies"]]) == (201, [1, 0])
    shown = asked(api, "POST", "/populate", [here | {"upstream": "h:3"}])[1]
    assert (shown["proxies"][0]["upstream"], shown["proxies"][0]["toxics"]) == ("h:3", [])


@pytest.mark.parametrize("body", [[], None])
def test_nothing_is_populated_with_nothing(api, body):
    answer = api.route("POST", "/populate")(json.dumps(body).encode())
    assert (int(answer.status), answer.body) == (201, b'{"proxies":null}')


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({}, "a list is needed"),
        ([OFF, {"upstream": "h:1"}], "missing required field: name at proxy 2"),
        ([{"name": "a"}], "missing required field: upstream at proxy 1"),
    ],
)
def test_what_cannot_be_populated_is_told_by_its_number_and_nothing_is_made(api, entries, said):
    status, shown = asked(api, "POST", "/populate", entries)
    assert (status, shown["status"], shown["proxies"]) == (400, 400, None)
    assert said in shown["error"]
    assert asked(api, "GET", "/proxies") == (200, {})


def test_a_toxic_is_made_shown_changed_and_removed(api):
    asked(api, "POST", "/proxies", OFF)
    place = "/proxies/a/toxics/latency_downstream"
    made = asked(api, "POST", "/proxies/a/toxics", {"type": "latency"})
    assert made[0] == 200
    assert asked(api, "GET", place) == made
    assert asked(api, "GET", "/proxies/a/toxics") == (200, [made[1]])
    for method, toxicity in (("PATCH", 0.5), ("POST", 0.25)):
        assert asked(api, method, place, {"toxicity": toxicity})[1]["toxicity"] == toxicity
    assert asked(api, "DELETE", place) == (204, None)
    assert asked(api, "GET", "/proxies/a/toxics") == (200, [])


def test_a_toxic_that_is_not_there_is_told_before_its_change_is_read(api):
    asked(api, "POST", "/proxies", OFF)
    assert asked(api, "PATCH", "/proxies/a/toxics/b")[1]["error"] == "toxic not found"
    assert asked(api, "PATCH", "/proxies/b")[1]["error"] == "proxy not found"
