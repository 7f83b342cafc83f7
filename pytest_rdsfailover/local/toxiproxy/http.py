"""HTTP/1.1 for the REST API, on asyncio's streams."""

import asyncio
import contextlib
import functools
import secrets
from email.utils import formatdate
from http import HTTPStatus

from pytest_rdsfailover.local.toxiproxy.answer import BROWSER, PLAIN, Answer, plain
from pytest_rdsfailover.local.toxiproxy.api import Api
from pytest_rdsfailover.local.toxiproxy.request import BadRequestError, Request, read

REQUEST_ID = "X-Toxiproxy-Request-Id"
ID_BYTES = 10  # as long as the original's


async def serve(api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection until it ends."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        try:
            while await _serve_request(api, reader, writer):
                pass
        except BadRequestError as bad:
            await _send(writer, plain(bad.status, bad.text), ["Connection: close"])
    writer.close()


async def _serve_request(
    api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    request = await read(reader, functools.partial(_go_on, writer))
    answer, headers = _answer(api, request)
    if not request.keep:
        headers = [*headers, "Connection: close"]
    await _send(writer, answer, headers, body=request.method != "HEAD")
    return request.keep


def _answer(api: Api, request: Request) -> tuple[Answer, list[str]]:
    """Return the answer to a request, and its number if a handler was found for it."""
    found = api.route(request.method, request.path, request.query)
    if isinstance(found, Answer):
        return found, []
    browser = request.agent.startswith("Mozilla/")
    answer = BROWSER if browser else found(request.body)
    return answer, [f"{REQUEST_ID}: {secrets.token_hex(ID_BYTES)}"]


async def _go_on(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    await writer.drain()


async def _send(
    writer: asyncio.StreamWriter, answer: Answer, headers: list[str], *, body: bool = True
) -> None:
    status = HTTPStatus(answer.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    if answer.kind is not None:
        lines.append(f"Content-Type: {answer.kind}")
    if answer.kind == PLAIN:
        lines.append("X-Content-Type-Options: nosniff")
    if answer.location is not None:
        lines.append(f"Location: {answer.location}")
    lines += [*headers, f"Date: {formatdate(usegmt=True)}"]
    if status is not HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(answer.body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode() + (answer.body if body else b""))
    await writer.drain()
