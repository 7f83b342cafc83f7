"""What is an HTTP request for the server, to the byte."""

import asyncio

import pytest

from pytest_rdsfailover.local.toxiproxy.request import (
    BODY_LIMIT,
    HEAD_LIMIT,
    BadRequestError,
    Request,
    read,
)


def taken(*parts, told=None):
    """Return the requests that bytes hold, as a server that reads them one after the other."""

    async def run():
        reader = asyncio.StreamReader(limit=HEAD_LIMIT)
        reader.feed_data(b"".join(parts))
        reader.feed_eof()

        async def go_on():
            if told is not None:
                told.append(True)

        found = []
        while not reader.at_eof():
            found.append(await read(reader, go_on))
        return found

    return asyncio.run(run())


def head(*lines, first="POST /a HTTP/1.1", host="Host: x"):
    return "\r\n".join([first, *([host] if host else []), *lines, "", ""]).encode("latin-1")


def test_a_request_is_read_whole_and_the_next_one_begins_behind_it():
    one, two = taken(
        head("Content-Length: 3", "user-AGENT:\tcurl/8 "), b"abc",
        head(first="DELETE /b?x=1&y HTTP/1.1"),
    )  # fmt: skip
    assert one == Request(
        method="POST", path="/a", query="", agent="curl/8", body=b"abc", keep=True
    )
    assert two == Request(method="DELETE", path="/b", query="x=1&y", agent="", body=b"", keep=True)


@pytest.mark.parametrize(
    ("first", "lines", "keep"),
    [
        ("GET / HTTP/1.1", [], True),
        ("GET / HTTP/1.0", [], False),
        ("GET / HTTP/1.1", ["Connection: x, Close"], False),
        ("GET / HTTP/1.1", ["Connection: keep-alive"], True),
        ("GET / HTTP/1.0", ["Connection: keep-alive"], False),
    ],
)
def test_a_connection_lives_on_unless_the_client_says_so_or_is_of_old(first, lines, keep):
    assert [request.keep for request in taken(head(*lines, first=first))] == [keep]


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a%2Fb%20c", "/a/b c", ""),
        ("/%C3%BC", "/ü", ""),
        ("/%ff", "/\ufffd", ""),
        ("http://here:1/a?b", "/a", "b"),
        ("http://here", "/", ""),
        ("?b", "/", "b"),
        ("/a?b?c", "/a", "b?c"),
        ("/a?%zz", "/a", "%zz"),
    ],
)
def test_a_target_is_a_path_without_escapes_and_a_query_as_it_came(target, path, query):
    (request,) = taken(head(first=f"GET {target} HTTP/1.1"))
    assert (request.path, request.query) == (path, query)


def refused(*parts):
    with pytest.raises(BadRequestError) as why:
        taken(*parts)
    return int(why.value.status), why.value.text


@pytest.mark.parametrize(
    "bad",
    [
        head(first="GET /"), head(first="GET  / HTTP/1.1"), head(first="G(T / HTTP/1.1"),
        head(first="GET a HTTP/1.1"), head(first="GET /%z0 HTTP/1.1"), head(first="GET /\x01 HTTP/1.1"),
        head("no colon"), head("a b: c"), head(": c"), head("A: b\x01"), head("A: b\x7f"),
        head("Host: y"), head("Content-Length: 1", "Content-Length: 2"),
        head("Content-Length: +1"), head("Content-Length: x"), head("Content-Length: "),
        head("Content-Length: \xb2"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_a_bad_one(bad):
    assert refused(bad, b"ab") == (400, "400 Bad Request")


def test_a_host_is_needed_of_newer_clients_only():
    assert refused(head(host="")) == (400, "400 Bad Request: missing required Host header")
    assert len(taken(head(host="", first="GET / HTTP/1.0"))) == 1


def test_two_lengths_that_agree_are_one():
    (request,) = taken(head("Content-Length: 2", "Content-Length: 2"), b"ab")
    assert request.body == b"ab"


@pytest.mark.parametrize("version", ["2.0", "0.9"])
def test_another_version_of_http_is_told_so(version):
    assert refused(head(first=f"GET / HTTP/{version}"))[0] == 505
    assert len(taken(head(first="GET / HTTP/1.7"))) == 1


def test_a_client_that_asks_whether_to_send_its_body_is_told_to():
    told = []
    (request,) = taken(head("Expect: 100-Continue", "Content-Length: 1"), b"a", told=told)
    assert (request.body, told) == (b"a", [True])
    taken(head(), told=told)
    assert told == [True]
    assert refused(head("Expect: tea"))[0] == 417


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        (b"0\r\n\r\n", b""),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"A \t;name=x\r\n0123456789\r\n1\nz\r\n0\r\n\r\n", b"0123456789z"),
        (b"1\r\na\r\n0\r\nTrailer: x\r\nMore: y\r\n\r\n", b"a"),
    ],
)
def test_a_body_may_come_in_chunks_and_the_next_request_behind_it(chunks, body):
    one, two = taken(head("Transfer-Encoding: Chunked"), chunks, head())
    assert (one.body, two.body) == (body, b"")


@pytest.mark.parametrize(
    ("chunks", "status"),
    [
        (b"x\r\n", 400), (b"\r\n", 400), (b"-1\r\n", 400), (b"1" * 16 + b"\r\n", 400),
        (b"1\r\nabc", 400), (b"1\r\na\n\n", 400), (b"0" * 2 * HEAD_LIMIT + b"\n", 400),
        (b"f" * 15 + b"\r\n", 413),
    ],
)  # fmt: skip
def test_wrong_chunks_are_refused(chunks, status):
    assert refused(head("Transfer-Encoding: chunked"), chunks)[0] == status


@pytest.mark.parametrize(
    "lines",
    [["Transfer-Encoding: gzip"], ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]],
)
def test_no_other_encoding_is_known(lines):
    assert refused(head(*lines)) == (501, "Unsupported transfer encoding")


@pytest.mark.parametrize("more", [0, 1])
def test_a_body_has_its_limit_however_it_comes(more):
    size = BODY_LIMIT + more
    half = BODY_LIMIT // 2
    parts = [b"%x\r\n%s\r\n" % (each, b"x" * each) for each in (half, size - half)]
    ways = [
        [head(f"Content-Length: {size}"), b"x" * size],
        [head("Transfer-Encoding: chunked"), *parts, b"0\r\n\r\n"],
    ]
    for way in ways:
        if more:
            assert refused(*way) == (413, "413 Request Entity Too Large")
        else:
            assert len(taken(*way)[0].body) == size


def test_a_length_of_a_thousand_digits_is_not_even_read():
    assert refused(head("Content-Length: " + "9" * 5000))[0] == 413
    assert refused(head("Content-Length: 0000000001"))[0] == 413


def test_a_head_has_its_limit():
    lines = [f"X{number}: {'x' * 1000}" for number in range(15)]
    assert len(taken(head(*lines))) == 1
    assert refused(head(*lines, *lines))[0] == 431


@pytest.mark.parametrize("more", [0, 1])
def test_what_follows_the_last_chunk_has_its_limit(more):
    lines = [b"T: " + b"x" * (HEAD_LIMIT // 2 - 5) + b"\r\n"] * 2
    lines[1] = lines[1].replace(b"x", b"xx", 1) if more else lines[1]
    assert sum(map(len, lines)) == HEAD_LIMIT + more
    parts = (head("Transfer-Encoding: chunked"), b"0\r\n", *lines, b"\r\n")
    if more:
        assert refused(*parts)[0] == 431
    else:
        assert len(taken(*parts)) == 1


@pytest.mark.parametrize("cut", [head()[:-1], head("Content-Length: 3") + b"ab"])
def test_a_stream_that_ends_within_a_request_is_no_bad_one(cut):
    with pytest.raises(asyncio.IncompleteReadError):
        taken(cut)
