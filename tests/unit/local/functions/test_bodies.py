"""What a runtime tells comes whole or in chunks, up to the size of an answer, and is read away beyond."""

import asyncio

import pytest

from pytest_rdsfailover.local.functions import environment
from pytest_rdsfailover.local.functions.environment import _body
from pytest_rdsfailover.local.functions.runtime_api import RuntimeRequest

CHUNKED = {"transfer-encoding": "chunked"}


def read(headers, sent, *, end=False):
    """Return the body of a request, and what is left of the connection after it."""

    async def reading():
        reader = asyncio.StreamReader()
        reader.feed_data(sent)
        if end:
            reader.feed_eof()
        body = await _body(RuntimeRequest(method="POST", path="/", headers=headers), reader)
        reader.feed_eof()
        return body, await reader.read()

    return asyncio.run(reading())


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(environment, "MOST_ANSWER", 10)


@pytest.mark.parametrize(
    ("headers", "sent", "body"),
    [
        ({}, b"", b""), ({"content-length": "3"}, b"abc", b"abc"),
        ({"content-length": "10"}, b"0123456789", b"0123456789"),
        ({"content-length": "11"}, b"0123456789x", None),
        (CHUNKED, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (CHUNKED, b"A;name=value\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (CHUNKED, b"0\r\n\r\n", b""),
        (CHUNKED, b"8\r\n01234567\r\n3\r\nabc\r\n0\r\n\r\n", None),
    ],
)  # fmt: skip
def test_a_body_is_read_to_its_end_and_no_further(headers, sent, body):
    assert read(headers, sent + b"NEXT") == (body, b"NEXT")


@pytest.mark.parametrize(
    ("headers", "sent"),
    [({"content-length": "3"}, b"ab"), (CHUNKED, b"3\r\nab"), (CHUNKED, b"3\r\nabc\r\n")],
)
def test_a_body_that_breaks_off_is_none(headers, sent):
    with pytest.raises(asyncio.IncompleteReadError):
        read(headers, sent, end=True)


def test_a_chunk_without_a_size_is_none():
    with pytest.raises(ValueError, match="invalid literal"):
        read(CHUNKED, b"xyz\r\nabc\r\n")
