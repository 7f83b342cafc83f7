"""What the REST API answers: a status, a type and bytes, as the original sends them."""

import json
from dataclasses import dataclass
from http import HTTPStatus

from pytest_rdsfailover.local.toxiproxy.refusal import Refusal

JSON, PLAIN = "application/json", "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without HTTP's own headers.

    Attributes:
        status: of HTTP.
        kind: the type of the body; None for no body.
        body: what is sent.
        location: where the client shall ask instead, for a redirection.
    """

    status: int
    kind: str | None = None
    body: bytes = b""
    location: str | None = None


def value(content: object, status: int = HTTPStatus.OK) -> Answer:
    """Return an answer of JSON."""
    return Answer(status, JSON, _json(content))


def plain(status: int, text: str) -> Answer:
    """Return an answer of plain text."""
    return Answer(status, PLAIN, text.encode())


def error(refused: Refusal) -> Answer:
    """Return the answer to a refused request: JSON that calls itself plain text, as there."""
    return Answer(refused.status, PLAIN, _json(refused.show()) + b"\n")


def moved(location: str) -> Answer:
    """Return the redirection of a request that is to be sent again to another path."""
    return Answer(HTTPStatus.MOVED_PERMANENTLY, location=location)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


NO_CONTENT = Answer(HTTPStatus.NO_CONTENT)
NOT_ALLOWED = Answer(HTTPStatus.METHOD_NOT_ALLOWED)
NOT_FOUND = plain(HTTPStatus.NOT_FOUND, "404 page not found\n")
BROWSER = plain(HTTPStatus.FORBIDDEN, "User agent not allowed\n")
"""A web page must not control the server of a person who visits it."""
