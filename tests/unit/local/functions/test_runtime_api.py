"""The Runtime API's words: paths, headers and answers as AWS documents them."""

from http import HTTPStatus

import pytest

from pytest_rdsfailover.local.functions.runtime_api import (
    Invocation,
    accepted,
    parsed,
    refused,
    response,
)


def head(line, *headers):
    return "\r\n".join((line, *headers, "", "")).encode()


def test_a_runtime_asks_for_its_next_invocation():
    request = parsed(head("GET /2018-06-01/runtime/invocation/next HTTP/1.1", "Host: 127.77.0.1"))
    assert request.asks_next
    assert (request.outcome(), request.tells_init_error, request.length) == (None, False, 0)


@pytest.mark.parametrize(("what", "failed"), [("response", False), ("error", True)])
def test_a_runtime_tells_the_end_of_an_invocation(what, failed):
    path = f"/2018-06-01/runtime/invocation/some-id/{what}"
    request = parsed(head(f"POST {path} HTTP/1.1", "Content-Length: 12", "EXPECT: 100-continue"))
    assert request.outcome() == ("some-id", failed)
    assert (request.length, request.expects, request.is_chunked) == (12, True, False)


def test_a_runtime_tells_why_it_cannot_begin():
    chunked = "Transfer-Encoding: chunked"
    request = parsed(head("POST /2018-06-01/runtime/init/error HTTP/1.1", chunked))
    assert request.tells_init_error
    assert request.is_chunked


@pytest.mark.parametrize(
    "line",
    [
        "GET /2018-06-01/runtime/invocation/some-id/response HTTP/1.1",
        "POST /2018-06-01/runtime/invocation/next HTTP/1.1",
        "POST /2018-06-01/runtime/invocation/a/b/response HTTP/1.1",
        "GET /2018-06-01/runtime/init/error HTTP/1.1",
    ],
)
def test_anything_else_is_none_of_these(line):
    request = parsed(head(line))
    assert (request.asks_next, request.tells_init_error, request.outcome()) == (False, False, None)


@pytest.mark.parametrize("broken", [b"\r\n\r\n", b"GET /\r\n\r\n", b"one two three four\r\n\r\n"])
def test_what_is_no_request_is_refused(broken):
    with pytest.raises(ValueError, match="unpack"):
        parsed(broken)


def test_an_invocation_carries_the_documented_headers():
    told = Invocation(
        request="8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        payload=b'{"key": 1}',
        arn="arn:aws:lambda:us-east-1:123456789012:function:f",
        deadline=1542409706888,
        client_context='{"a":1}',
    ).encode()
    lines, _, body = told.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in lines.decode().split("\r\n")[1:])
    assert lines.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b'{"key": 1}'
    assert headers["Lambda-Runtime-Aws-Request-Id"] == "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    assert headers["Lambda-Runtime-Deadline-Ms"] == "1542409706888"
    assert headers["Lambda-Runtime-Invoked-Function-Arn"].endswith(":function:f")
    assert headers["Lambda-Runtime-Client-Context"] == '{"a":1}'
    assert headers["Lambda-Runtime-Trace-Id"].startswith("Root=1-8476a536-")
    assert headers["Content-Length"] == "10"


def test_answers_have_their_documented_status():
    assert accepted().startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert accepted().endswith(b'{"status":"OK"}')
    large = refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", "too large")
    assert large.startswith(b"HTTP/1.1 413 ")
    assert b'"errorType": "RequestEntityTooLarge"' in large
    assert response(HTTPStatus.OK, b"").endswith(b"Content-Length: 0\r\n\r\n")
