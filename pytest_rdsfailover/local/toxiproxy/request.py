"""HTTP/1.1 requests, read from asyncio's streams: small and strict."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

HEAD_LIMIT = 16 * 1024
BODY_LIMIT = 1024 * 1024

LINE = re.compile(r"([!#-'*+.^_`|~\w-]+) (\S+) (HTTP/\d\.\d)", re.ASCII)
FIELD = re.compile(r"([!#-'*+.^_`|~\w-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)", re.ASCII)
TARGET = re.compile(r"(?:http://[^/?]*)?(/[^?\x00-\x1f\x7f]*|)(?:\?([^\x00-\x1f\x7f]*))?")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")


class BadRequestError(Exception):
    """The bytes are no HTTP request that this server takes; the connection ends."""

    def __init__(self, status: HTTPStatus, text: str = "") -> None:
        self.status, self.text = status, text or f"{status.value} {status.phrase}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        method: `GET` and so on.
        path: without escapes.
        query: what follows the question mark, as it came.
        agent: the header `User-Agent`.
        body: all of it.
        keep: whether the connection lives on.
    """

    method: str
    path: str
    query: str
    agent: str
    body: bytes
    keep: bool


async def read(reader: asyncio.StreamReader, go_on: Callable[[], Awaitable[None]]) -> Request:
    """Read one request.

    Args:
        reader: where it comes from.
        go_on: tells the client to send the body, if it asked whether it should.

    Raises:
        BadRequestError: if it is none, or too large.
        IncompleteReadError: at the end of the stream.
    """
    method, target, version, headers = _head(await _read_head(reader))
    path, query = _target(target)
    options = {word.strip() for word in headers.get("connection", "").lower().split(",")}
    if "expect" in headers:
        if headers["expect"].lower() != "100-continue":
            raise BadRequestError(HTTPStatus.EXPECTATION_FAILED)
        await go_on()
    return Request(
        method=method, path=path, query=query, agent=headers.get("user-agent", ""),
        body=await _body(reader, headers), keep=version == "HTTP/1.1" and "close" not in options,
    )  # fmt: skip


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None


def _head(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    words = LINE.fullmatch(first)
    if words is None:
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    method, target, version = words.groups()
    if not version.startswith("HTTP/1."):
        raise BadRequestError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    headers = _headers(lines)
    if version == "HTTP/1.1" and "host" not in headers:
        reason = "400 Bad Request: missing required Host header"
        raise BadRequestError(HTTPStatus.BAD_REQUEST, reason)
    return method, target, version, headers


def _headers(lines: list[str]) -> dict[str, str]:
    """Return the headers; two that contradict each other about where the body ends are refused."""
    headers: dict[str, str] = {}
    for line in lines:
        found = FIELD.fullmatch(line)
        if found is None:
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        name, text = found[1].lower(), found[2].rstrip()
        if name == "host" and name in headers:
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        if name == "content-length" and headers.get(name, text) != text:
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        if name == "transfer-encoding" and name in headers:
            raise BadRequestError(HTTPStatus.NOT_IMPLEMENTED, "Unsupported transfer encoding")
        headers[name] = text
    return headers


def _target(target: str) -> tuple[str, str]:
    """Return path and query of what a request asks for."""
    found = TARGET.fullmatch(target)
    if not target or found is None or BAD_ESCAPE.search(found[1]):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    path = unquote_to_bytes(found[1].encode("latin-1")).decode("utf-8", "replace")
    return path or "/", found[2] or ""


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    encoding = headers.get("transfer-encoding")
    if encoding is None:
        return await reader.readexactly(_length(headers.get("content-length", "0")))
    if encoding.lower() != "chunked":
        raise BadRequestError(HTTPStatus.NOT_IMPLEMENTED, "Unsupported transfer encoding")
    body = b""
    while size := await _chunk_size(reader):
        if len(body) + size > BODY_LIMIT:
            raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
    await _skip_trailers(reader)
    return body


async def _chunk_size(reader: asyncio.StreamReader) -> int:
    found = SIZE.fullmatch(await _line(reader))
    if found is None:
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    return int(found[1], 16)


async def _skip_trailers(reader: asyncio.StreamReader) -> None:
    left = HEAD_LIMIT
    while (line := await _line(reader)) != b"\r\n":
        left -= len(line)
        if left < 0:
            raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise BadRequestError(HTTPStatus.BAD_REQUEST) from None


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    if len(text) > len(str(BODY_LIMIT)) or int(text) > BODY_LIMIT:
        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(text)
