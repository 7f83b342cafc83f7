"""Headers, encodings and odd requests of the REST API, on the built-in server and the real one."""

import re
import socket

import pytest
from toxiproxies import free_port

UPSTREAM = "127.0.0.1:9"
ERROR = ("text/plain; charset=utf-8", "nosniff")
ID = "x-toxiproxy-request-id"


class Exchange:
    """Bytes to the server and all that it answers until it falls silent or hangs up."""

    def __init__(self, client):
        self._address = ("127.0.0.1", int(client.url.rpartition(":")[2]))

    def __call__(self, sent, answers=1):
        with socket.create_connection(self._address, timeout=5) as connection:
            stream = connection.makefile("rb")
            connection.sendall(sent)
            return [_read(stream, body=not sent.startswith(b"HEAD")) for _ in range(answers)]

    def hangs_up(self, sent):
        """Tell whether the server closes the connection behind its answer, with nothing more."""
        with socket.create_connection(self._address, timeout=5) as connection:
            connection.sendall(sent)
            stream = connection.makefile("rb")
            _read(stream, body=True)
            return stream.read() == b""


def _read(stream, *, body):
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline().decode().rstrip()) != "":
        name, _, text = line.partition(":")
        headers[name.lower()] = text.strip()
    length = headers.get("content-length")
    if not body or status in (100, 204):
        return status, headers, ""
    return status, headers, (stream.read() if length is None else stream.read(int(length))).decode()


@pytest.fixture
def exchange(client):
    return Exchange(client)


def request(method, path, body=b"", **headers):
    lines = [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    head = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


@pytest.fixture
def proxy(client):
    return client.create("db", upstream=UPSTREAM, listen=f"127.0.0.1:{free_port()}")


@pytest.mark.usefixtures("proxy")
def test_each_handled_request_gets_a_number_of_its_own(exchange):
    asked = [
        request("GET", "/version"),
        request("GET", "/proxies/db"),
        request("GET", "/proxies/no"),
        request("POST", "/reset"),
        request("GET", "/version", User_Agent="Mozilla/5.0"),
    ]
    numbers = {exchange(one)[0][1][ID] for one in asked}

    assert len(numbers) == len(asked)
    assert {len(number) for number in numbers} == {20}


@pytest.mark.parametrize("path", ["/nothing", "//proxies", "/metrics"])
def test_what_has_no_handler_gets_no_number(exchange, path):
    """The original has /metrics only if it is started with a flag for it."""
    assert ID not in exchange(request("GET", path))[0][1]
    assert ID not in exchange(request("PUT", "/version"))[0][1]


@pytest.mark.usefixtures("proxy")
def test_errors_are_json_that_calls_itself_plain_text(exchange):
    for asked in (
        request("GET", "/proxies/no"),
        request("POST", "/proxies"),
        request("POST", "/proxies/db/toxics", b'{"type":"nope"}'),
    ):
        _, headers, body = exchange(asked)[0]
        assert (headers["content-type"], headers["x-content-type-options"]) == ERROR
        assert body.endswith("}\n")
    _, headers, body = exchange(request("POST", "/populate", b"[{}]"))[0]
    assert (headers["content-type"], body[-1]) == ("application/json", "}")


def test_the_version_is_one_line_of_json(exchange):
    status, headers, body = exchange(request("GET", "/version"))[0]

    assert (status, headers["content-type"]) == (200, "application/json;charset=utf-8")
    assert re.fullmatch(r'\{"version": "[^"]+"\}\n', body)
    assert headers["date"].endswith(" GMT")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//proxies", "/proxies"),
        ("//proxies/", "/proxies/"),
        ("/./proxies?a=%20b", "/proxies?a=%20b"),
        ("/a/../proxies", "/proxies"),
        ("/proxies/%2e%2e", "/"),
        ("/proxies/%2Fa%20b//'x", "/proxies/a%20b/%27x"),
    ],
)
def test_a_path_with_empty_parts_or_dots_is_moved(exchange, path, location):
    status, headers, body = exchange(request("GET", path))[0]

    assert (status, headers["location"], body) == (301, location, "")


@pytest.mark.parametrize("path", ["/proxies/%zz", "/proxies/%", "/proxies/a%2"])
def test_a_bad_escape_is_a_bad_request(exchange, path):
    status, headers, body = exchange(request("GET", path))[0]

    assert (status, headers["connection"], body) == (400, "close", "400 Bad Request")


def test_a_bad_escape_in_the_query_is_nobody_s_business(exchange):
    assert exchange(request("GET", "/proxies?x=%zz"))[0][0] == 200


def chunked(body, size, extension=b""):
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%X%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("encoding", [b"chunked", b"Chunked"])
def test_a_body_may_come_in_chunks_and_another_request_behind_it(exchange, client, size, encoding):
    body = b'{"name":"db","upstream":"127.0.0.1:9","enabled":false}'
    head = b"POST /proxies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: %b\r\n\r\n" % encoding
    sent = head + chunked(body, size, b";a=1") + b"0\r\nTrailer: x\r\n\r\n"

    answers = exchange(sent + request("GET", "/proxies/db"), 2)

    assert [status for status, _, _ in answers] == [201, 200]
    assert client.proxy("db").upstream == UPSTREAM


def test_chunks_count_more_than_a_length(exchange):
    head = b"POST /reset HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
    answers = exchange(head + b"0\r\n\r\n" + request("GET", "/version"), 2)

    assert [status for status, _, _ in answers] == [204, 200]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (
            b"POST /proxies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
            400,
        ),
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501),
        (
            b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
            400,
        ),
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n", 400),
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n", 417),
        (b"GET /version HTTP/1.1\r\n\r\n", 400),
        (b"GET /version HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /version HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"GET  /version HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET version HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /version HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400),
        (b"GET /version HTTP/1.1\r\nHost: x\r\nX\x01: y\r\n\r\n", 400),
        (b"G@T /version HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_ends_the_connection(exchange, sent, status):
    answered, headers, _ = exchange(sent)[0]

    assert (answered, headers["connection"]) == (status, "close")
    assert exchange.hangs_up(sent)


@pytest.mark.parametrize("options", ["close", "foo, close", "Close"])
def test_a_connection_ends_when_the_client_says_so(exchange, options):
    asked = request("GET", "/version", Connection=options)

    assert exchange(asked)[0][1]["connection"] == "close"
    assert exchange.hangs_up(asked)


def test_an_absolute_address_and_the_length_twice_are_as_good(exchange):
    assert exchange(request("GET", "http://x:1/version?a=1"))[0][0] == 200
    assert exchange(request("POST", "/reset", Content_Length="0"))[0][0] == 204


def test_a_client_that_asks_first_is_told_to_go_on(exchange):
    asked = request("POST", "/proxies", b"{}", Expect="100-continue")

    assert [status for status, _, _ in exchange(asked, 2)] == [100, 400]


def test_an_answer_to_head_has_no_body(exchange):
    """One that had would be taken for the next answer."""
    answers = exchange(request("HEAD", "/nothing") + request("HEAD", "/version"), 2)

    assert [status for status, _, _ in answers] == [404, 405]


@pytest.mark.usefixtures("proxy")
def test_null_is_as_good_as_no_fields(raw):
    missing = {"error": "missing required field: name", "status": 400}
    raw("POST", "/proxies/db/toxics", {"type": "latency", "attributes": None})
    shown = raw("GET", "/proxies/db")[1]

    assert raw("POST", "/proxies", b"null") == (400, missing)
    assert raw("PATCH", "/proxies/db", b"null") == (200, shown)
    assert raw("POST", "/proxies/db/toxics", b"null")[1]["error"] == "invalid toxic type"
    assert raw("PATCH", "/proxies/db/toxics/latency_downstream", b"null")[0] == 200
    assert raw("POST", "/populate", b"null") == (201, {"proxies": None})
    assert raw("POST", "/populate", b"[null]")[1]["error"] == f"{missing['error']} at proxy 1"
    assert raw("GET", "/proxies/db") == (200, shown)


@pytest.mark.parametrize(("value", "status"), [(2**63 - 1, 200), (2**63, 400), (-(2**63), 200), (-(2**63) - 1, 400), (2**64, 400)])  # fmt: skip
@pytest.mark.usefixtures("proxy")
def test_attributes_have_64_bits(raw, value, status):
    toxic = {"type": "limit_data", "attributes": {"bytes": value}}
    raw("POST", "/proxies/db/toxics", {**toxic, "name": "old", "attributes": {}})

    assert raw("POST", "/proxies/db/toxics", toxic)[0] == status
    assert raw("PATCH", "/proxies/db/toxics/old", toxic)[0] == status


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"0.123456789", 0.12345679),
        (b"0.3333333333333333", 0.33333334),
        (b"1e-8", 1e-8),
        (b"1e-46", 0),
        (b"16777217", 16777216),
        (b"-3", -3),
        (b"1e39", None),
        (b"1e400", None),
        (b"NaN", None),
        (b"-Infinity", None),
    ],
)
@pytest.mark.usefixtures("proxy")
def test_a_toxicity_has_32_bits(raw, given, kept):
    status, shown = raw("POST", "/proxies/db/toxics", b'{"type":"noop","toxicity":%b}' % given)

    assert (status, shown.get("toxicity")) == (400 if kept is None else 200, kept)


@pytest.mark.parametrize("blank", [b"\xef\xbb\xbf", b"\x0b", b"\xc2\xa0"])
def test_only_json_s_own_blanks_may_come_first(raw, blank):
    body = b'{"name":"db","upstream":"h:1","enabled":false}'

    assert raw("POST", "/proxies", blank + body)[0] == 400
    assert raw("POST", "/proxies", b" \t\r\n" + body)[0] == 201


@pytest.mark.parametrize(
    ("listen", "reason"),
    [
        ("127.0.0.1:99999", "address 99999: invalid port"),
        ("127.0.0.1:-5", "address -5: invalid port"),
        ("127.0.0.1:no-such", "lookup tcp/no-such: unknown port"),
        ("a:b:1", "address a:b:1: too many colons in address"),
        ("::1:1", "address ::1:1: too many colons in address"),
        ("[::1:1", "address [::1:1: missing ']' in address"),
        ("[::1]", "address [::1]: missing port in address"),
        ("[::1]x:1", "address [::1]x:1: missing port in address"),
        ("1]:2", "address 1]:2: unexpected ']' in address"),
    ],
)
@pytest.mark.usefixtures("proxy")
def test_an_address_that_is_none_is_refused_with_the_reason(raw, listen, reason):
    asked = {"name": "x", "upstream": UPSTREAM, "listen": listen}

    assert raw("POST", "/proxies", asked) == (
        500,
        {"error": f"listen tcp: {reason}", "status": 500},
    )
    assert raw("PATCH", "/proxies/db", {"listen": listen}) == (
        500,
        {"error": reason, "status": 500},
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", ""])
def test_a_port_in_use_is_named_by_the_address_it_was_looked_for_at(raw, proxy, host):
    port = proxy.listen.rpartition(":")[2]
    asked = {"name": "x", "upstream": UPSTREAM, "listen": f"{host}:{port}"}
    place = f"127.0.0.1:{port}" if host else f":{port}"

    error = raw("POST", "/proxies", asked)[1]["error"]
    assert error == f"listen tcp {place}: bind: address already in use"


def test_a_disabled_proxy_keeps_its_address_as_it_was_written(raw):
    port = free_port()
    for number, listen in enumerate(["", ":0", f"localhost:{port}", f"127.0.0.1:+{port}"]):
        asked = {"name": f"p{number}", "upstream": UPSTREAM, "listen": listen, "enabled": False}
        assert raw("POST", "/proxies", asked)[1]["listen"] == listen
    assert raw("PATCH", "/proxies/p2", {"enabled": True})[1]["listen"] == f"127.0.0.1:{port}"
    assert raw("PATCH", "/proxies/p2", {"listen": "", "enabled": False})[1]["listen"] == ""


@pytest.mark.parametrize("path", ["/nothing", "//version"])
def test_a_web_page_is_turned_away_only_from_what_is_there(raw, path):
    headers = {"User-Agent": "Mozilla/5.0"}

    assert raw("GET", path, **headers)[0] in (301, 404)
    assert raw("PUT", "/version", **headers)[0] == 405
