"""Addresses, bodies and answers as Toxiproxy's own server reads and words them."""

import socket

import pytest

from pytest_rdsfailover.local.toxiproxy import answer
from pytest_rdsfailover.local.toxiproxy.address import resolve, split, text
from pytest_rdsfailover.local.toxiproxy.body import decode, field, fields, single
from pytest_rdsfailover.local.toxiproxy.refusal import BAD_TYPE, Refusal, missing, system


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("", ("", 0)), ("h:1", ("h", 1)), (":65535", ("", 65535)), ("h:", ("h", 0)), ("h:0", ("h", 0)),
        ("[::1]:80", ("::1", 80)), ("[]:80", ("", 80)), ("h:http", ("h", 80)), ("h:+7", ("h", 7)),
        ("h:000000080", ("h", 80)),
    ],
)  # fmt: skip
def test_an_address_has_a_host_and_a_port_or_the_name_of_a_service(address, parts):
    assert split(address) == parts


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("h", "address h: missing port in address"), ("[::1]", "address [::1]: missing port in address"),
        ("::1:80", "too many colons in address"), ("[::1]:80:90", "too many colons in address"),
        ("[::1]x:80", "missing port in address"), ("[::1:80", "missing ']' in address"),
        ("h[:80", "unexpected '['"), ("h]:80", "unexpected ']'"), ("h:65536", "address 65536: invalid port"),
        ("h:-1", "address -1: invalid port"), ("h:0000000080", "invalid port"), ("h:99999999999999", "invalid port"),
        ("h:no-such-service", "lookup tcp/no-such-service: unknown port"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_the_originals_words(address, said):
    with pytest.raises(ValueError, match=said.replace("[", r"\[").replace("]", r"\]")):
        split(address)


@pytest.mark.parametrize(
    ("address", "family", "shown"),
    [("127.0.0.1:80", socket.AF_INET, "127.0.0.1:80"), ("[::1]:80", socket.AF_INET6, "[::1]:80")],
)
def test_an_address_is_resolved_and_written_again(address, family, shown):
    found, resolved = resolve(address)
    assert (found, text(resolved)) == (family, shown)


@pytest.mark.parametrize(
    ("body", "value"),
    [(b'{"a": 1} and more', {"a": 1}), (b" \r\n[1]", [1]), (b"null", None), (b'"\xff"', "\ufffd")],
)
def test_the_first_value_of_a_body_counts(body, value):
    assert decode(body) == value


@pytest.mark.parametrize("body", [b"", b" \n", b"{", b"NaN", b'{"a": Infinity}', b"[" * 100_000])
def test_what_is_no_json_is_refused(body):
    with pytest.raises(Refusal, match="bad request body: ") as refused:
        decode(body)
    assert refused.value.status == 400
    assert ("EOF" in refused.value.text) is (not body.strip())


def test_fields_are_named_in_any_letters_and_those_that_are_null_are_left_out():
    assert fields({"Name": "a", "STREAM": None, "x": 0}) == {"name": "a", "x": 0}
    assert fields(None) == {}
    with pytest.raises(Refusal, match="an object is needed"):
        fields([])


@pytest.mark.parametrize(
    ("value", "kind", "taken"),
    [
        ("a", str, "a"),
        (1, float, 1),
        (1.5, float, 1.5),
        (True, bool, True),
        (7, int, 7),
        ("\ud800", str, "\ufffd"),
    ],
)
def test_a_field_has_its_type(value, kind, taken):
    assert field({"a": value}, "a", kind, None) == taken
    assert field({}, "a", kind, value) == taken


@pytest.mark.parametrize(
    ("value", "kind"), [(1, str), (True, float), (True, int), (1.0, int), ("1", float), (0, bool)]
)
def test_a_field_of_another_type_is_refused(value, kind):
    with pytest.raises(Refusal, match="a cannot be"):
        field({"a": value}, "a", kind, None)


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        (0.1, 0.1),
        (1.0, 1),
        (1 / 3, 0.33333334),
        (16_777_217, 16_777_216),
        (0, 0),
        (0.12345678901, 0.12345679),
        (1e-45, 1e-45),
    ],
)
def test_a_number_is_kept_in_32_bits(number, kept):
    found = single(number)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize("number", [1e39, -1e39, 1e400])
def test_a_number_that_32_bits_cannot_keep_is_refused(number):
    with pytest.raises(Refusal, match="too large"):
        single(number)


def test_a_host_of_both_families_means_ipv4_whichever_comes_first(monkeypatch):
    def infos(host, port, *, type):  # noqa: A002
        assert (host, port, type) == ("both", 80, socket.SOCK_STREAM)
        six = (socket.AF_INET6, type, 6, "", ("::1", 80, 0, 0))
        return [six, (socket.AF_INET, type + 1, 6, "", ("127.0.0.1", 80)), six]

    monkeypatch.setattr(socket, "getaddrinfo", infos)
    assert resolve("both:80") == (socket.AF_INET, ("127.0.0.1", 80))


def test_a_host_that_is_unknown_is_told_in_the_originals_words(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ValueError, match=r"^lookup nowhere: no such host$"):
        resolve("nowhere:80")


def test_a_socket_address_of_ipv6_has_brackets_and_no_more_than_host_and_port():
    assert text(("::1", 80, 0, 0)) == "[::1]:80"


def test_plain_answers_and_missing_fields_have_their_statuses():
    said = answer.plain(404, "nö")
    assert (said.status, said.kind, said.body) == (404, "text/plain; charset=utf-8", "nö".encode())
    assert (missing("name").status, missing("name").show()["status"]) == (400, 400)


def test_answers_are_json_and_errors_call_themselves_plain_text():
    shown = answer.value({"a": "ü"}, 201)
    assert (shown.status, shown.kind, shown.body) == (201, "application/json", '{"a":"ü"}'.encode())
    refused = answer.error(Refusal(*BAD_TYPE))
    assert refused.body == b'{"error":"invalid toxic type","status":400}\n'
    assert (refused.status, refused.kind) == (400, "text/plain; charset=utf-8")
    assert (answer.moved("/a").status, answer.moved("/a").location) == (301, "/a")
    assert (missing("name").text, system(OSError("busy")).status) == (
        "missing required field: name", 500,
    )  # fmt: skip
