"""Lambda's Runtime API, without I/O: what a runtime asks, and what it is answered.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

VERSION = "/2018-06-01/runtime"
NEXT, INIT_ERROR = f"{VERSION}/invocation/next", f"{VERSION}/init/error"
OUTCOME = re.compile(rf"{VERSION}/invocation/(?P<request>[^/]+)/(?P<what>response|error)")
HEAD_END = b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeRequest:
    """The head of a request.

    Attributes:
        method: `GET` or `POST`.
        path: without a query.
        headers: by their names in lower case.
    """

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def length(self) -> int:
        """Return how many bytes of a body follow."""
        return int(self.headers.get("content-length", 0))

    @property
    def is_chunked(self) -> bool:
        """Tell whether the body follows in chunks."""
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    @property
    def expects(self) -> bool:
        """Tell whether the body is sent only once we say so."""
        return self.headers.get("expect", "").lower() == "100-continue"

    @property
    def asks_next(self) -> bool:
        """Tell whether the runtime asks for its next invocation."""
        return self.method == "GET" and self.path == NEXT

    @property
    def tells_init_error(self) -> bool:
        """Tell whether the runtime says why it cannot begin."""
        return self.method == "POST" and self.path == INIT_ERROR

    def outcome(self) -> tuple[str, bool] | None:
        """Return of which invocation the runtime tells the end, and whether it failed; None if of none."""
        found = OUTCOME.fullmatch(self.path) if self.method == "POST" else None
        return None if found is None else (found["request"], found["what"] == "error")


def parsed(head: bytes) -> RuntimeRequest:
    """Return the head of a request.

    Raises:
        ValueError: if it is none.
    """
    first, *lines = head.removesuffix(HEAD_END).decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return RuntimeRequest(method=method, path=target.partition("?")[0], headers=headers)


def response(status: HTTPStatus, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """Return an answer as it is sent."""
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body))} | dict(
        headers or {}
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {int(status)} {status.phrase}\r\n{head}\r\n".encode("latin-1") + body


def accepted() -> bytes:
    """Return the answer to a runtime that told something."""
    return response(HTTPStatus.ACCEPTED, b'{"status":"OK"}')


def refused(status: HTTPStatus, kind: str, message: str) -> bytes:
    """Return the answer to a runtime that told or asked what it cannot."""
    return response(status, json.dumps({"errorMessage": message, "errorType": kind}).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a runtime is to do next.

    Attributes:
        request: its id.
        payload: the event.
        arn: of the function that was invoked.
        deadline: when it has to be done, in milliseconds since 1970.
        client_context: what an invoker has sent along, as JSON; empty for nothing.
    """

    request: str
    payload: bytes
    arn: str
    deadline: int
    client_context: str = ""

    def encode(self) -> bytes:
        """Return the answer to a runtime that asks for its next invocation."""
        headers = {
            "Lambda-Runtime-Aws-Request-Id": self.request,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{self.request[:8]}-{self.request.replace('-', '')[8:]}",
        }
        if self.client_context:
            headers["Lambda-Runtime-Client-Context"] = self.client_context
        return response(HTTPStatus.OK, self.payload, headers)
