"""HTTP/1.1 for the REST API: small and strict, on asyncio's streams."""

import asyncio
import contextlib
import json
from http import HTTPStatus

from pytest_rdsfailover.local.toxiproxy.api import Answer, Api

HEAD_LIMIT = 16 * 1024
BODY_LIMIT = 1024 * 1024


class BadRequestError(Exception):
    """The bytes are no HTTP request that this server takes; the connection ends."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


async def serve(api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection until it ends."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        try:
            while await _serve_request(api, reader, writer):
                pass
        except BadRequestError as bad:
            await _send(writer, Answer(bad.status, text=f"{bad.status.phrase}\n"), keep=False)
    writer.close()


async def _serve_request(
    api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    method, path, version, headers = _parse(head)
    body = await reader.readexactly(_length(headers))
    keep = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    if headers.get("user-agent", "").startswith("Mozilla/"):
        # As Toxiproxy does: a web page must not control the server of a person who visits it.
        answer = Answer(HTTPStatus.FORBIDDEN, text="User agent not allowed\n")
    else:
        answer = api.answer(method, path.partition("?")[0], body)
    await _send(writer, answer, keep=keep)
    return keep


def _parse(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    request_line, *lines = head[:-4].decode("latin-1").split("\r\n")
    words = request_line.split(" ")
    if len(words) != 3 or not words[1].startswith("/") or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, path, version
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name:
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        headers[name.lower()] = value.strip()
    return words[0], words[1], words[2], headers


def _length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequestError(HTTPStatus.LENGTH_REQUIRED)
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    if int(text) > BODY_LIMIT:
        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(text)


async def _send(writer: asyncio.StreamWriter, answer: Answer, *, keep: bool) -> None:
    status = HTTPStatus(answer.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    body = b""
    if answer.text is not None:
        body = answer.text.encode()
        lines.append("Content-Type: text/plain; charset=utf-8")
    elif answer.body is not None:
        body = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
        lines.append("Content-Type: application/json")
    if status is not HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(body)}")
    if not keep:
        lines.append("Connection: close")
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
