"""The calls of Lambda's API that the local region answers, as one WSGI application; none is moto's."""

import base64
import binascii
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from pytest_rdsfailover.local.functions.service import LambdaService
from pytest_rdsfailover.local.functions.settings import (
    MOST_AT_ONCE,
    MOST_EVENT,
    MOST_REQUEST,
    FunctionChanges,
    FunctionError,
    FunctionSettings,
)
from pytest_rdsfailover.model.typed import NotOfTypeError, typed

PATHS = re.compile(
    r"/\d{4}-\d{2}-\d{2}/(?:functions(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z-]+))?)?/?|(?P<account>account-settings)/?)"
)
NAME = re.compile(
    r"(?:arn:[^:]+:lambda:[^:]+:)?(?:\d{12}:)?(?:function:)?(?P<name>[^:]+)(?::\$LATEST)?"
)
SETTINGS = {
    "Runtime": "runtime", "Handler": "handler", "Role": "role", "Timeout": "timeout",
    "MemorySize": "memory", "Environment": "variables",
}  # fmt: skip
MOST_BODY = 80 << 20  # bytes of any call: a package of 50 MB in base64


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswer:
    """What a call is answered.

    Attributes:
        status: of the HTTP answer.
        body: as it is sent.
        headers: beside that it is JSON.
    """

    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str]


def is_of_lambda(environ: WSGIEnvironment) -> bool:
    """Tell whether a request is a call of Lambda's."""
    return "/lambda/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")


class LambdaCalls:
    """Answers the calls of Lambda.

    Args:
        make: makes what does as they ask, at the first call.
    """

    def __init__(self, make: Callable[[], LambdaService]) -> None:
        self._make, self._making = make, threading.Lock()
        self._made: LambdaService | None = None

    @property
    def _service(self) -> LambdaService:
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made

    def undo(self) -> None:
        """Remove all functions; nothing happens if nobody has called."""
        with self._making:
            if self._made is not None:
                self._made.clear()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            answer = self._answer(environ)
        except FunctionError as error:
            answer = _refusal(error)
        lines = {"Content-Type": "application/json", "Content-Length": str(len(answer.body))}
        start(
            f"{int(answer.status)} {answer.status.phrase}",
            list({**lines, **answer.headers}.items()),
        )
        return [answer.body]

    def _answer(self, environ: WSGIEnvironment) -> CallAnswer:
        # As it was typed: an ARN has colons, and an alias stands behind one.
        path: str = environ.get("RAW_URI") or environ["PATH_INFO"]
        found = PATHS.fullmatch(path.partition("?")[0])
        method = environ["REQUEST_METHOD"]
        key = (method, found and found["name"] is not None, (found and found["part"]) or "")
        if found is not None and found["account"]:
            return _json(HTTPStatus.OK, self._account())
        call = CALLS.get(key)
        if found is None or call is None:
            raise FunctionError(
                501, "NotImplemented", f"the Lambda of a local cluster has no {method} of this kind"
            )
        return call(self, _named(found["name"]), environ)

    def _account(self) -> Mapping[str, object]:
        return {
            "AccountLimit": {
                "ConcurrentExecutions": MOST_AT_ONCE,
                "UnreservedConcurrentExecutions": self._service.unreserved,
            },
            "AccountUsage": {"FunctionCount": len(self._service.functions())},
        }

    def create(self, _: str, environ: WSGIEnvironment) -> CallAnswer:
        """CreateFunction."""
        asked = _asked(environ)
        for needed in ("FunctionName", "Role", "Code"):
            if needed not in asked:
                raise _invalid(f"{needed} is missing")
        if asked.get("PackageType", "Zip") != "Zip":
            raise _invalid("a local cluster runs functions of a .zip, not images")
        usual: FunctionChanges = {"runtime": "python3.11", "handler": "", "role": ""}
        chosen: FunctionChanges = {**usual, **_chosen(asked)}
        settings = self._service.create(
            _named(asked["FunctionName"]), _package(asked["Code"]), **chosen
        )
        return _json(HTTPStatus.CREATED, _shown(settings))

    def list(self, _: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002 - as all calls
        """ListFunctions."""
        return _json(HTTPStatus.OK, {"Functions": list(map(_shown, self._service.functions()))})

    def get(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """GetFunction."""
        settings = self._service.find(name)
        shown: dict[str, object] = {
            "Configuration": _shown(settings),
            "Code": {"RepositoryType": "S3", "Location": settings.code.as_uri()},
        }
        reserved = self._service.reserved(name)
        if reserved is not None:
            shown["Concurrency"] = {"ReservedConcurrentExecutions": reserved}
        return _json(HTTPStatus.OK, shown)

    def configuration(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """GetFunctionConfiguration."""
        return _json(HTTPStatus.OK, _shown(self._service.find(name)))

    def configure(self, name: str, environ: WSGIEnvironment) -> CallAnswer:
        """UpdateFunctionConfiguration."""
        return _json(HTTPStatus.OK, _shown(self._service.change(name, **_chosen(_asked(environ)))))

    def replace_code(self, name: str, environ: WSGIEnvironment) -> CallAnswer:
        """UpdateFunctionCode."""
        package = _package(_asked(environ))
        return _json(HTTPStatus.OK, _shown(self._service.replace_code(name, package)))

    def delete(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """DeleteFunction."""
        self._service.delete(name)
        return CallAnswer(status=HTTPStatus.NO_CONTENT, headers={})

    def reserve(self, name: str, environ: WSGIEnvironment) -> CallAnswer:
        """PutFunctionConcurrency."""
        count = _asked(environ).get("ReservedConcurrentExecutions")
        if not isinstance(count, int) or count < 0:
            raise _invalid("ReservedConcurrentExecutions is a number from 0")
        self._service.reserve(name, count)
        return _json(HTTPStatus.OK, {"ReservedConcurrentExecutions": count})

    def reserved(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """GetFunctionConcurrency."""
        count = self._service.reserved(name)
        return _json(
            HTTPStatus.OK, {} if count is None else {"ReservedConcurrentExecutions": count}
        )

    def unreserve(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """DeleteFunctionConcurrency."""
        self._service.reserve(name, None)
        return CallAnswer(status=HTTPStatus.NO_CONTENT, headers={})

    def invoke(self, name: str, environ: WSGIEnvironment) -> CallAnswer:
        """Invoke."""
        kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        payload = _body(environ, MOST_EVENT if kind == "Event" else MOST_REQUEST)
        try:
            json.loads(payload or b"{}")
        except ValueError as error:
            raise FunctionError(
                400,
                "InvalidRequestContentException",
                f"Could not parse request body into json: {error}",
            ) from None
        if kind == "DryRun":
            self._service.find(name)
            return CallAnswer(status=HTTPStatus.NO_CONTENT, headers={})
        if kind == "Event":
            self._service.invoke_later(name, payload or b"{}")
            return CallAnswer(status=HTTPStatus.ACCEPTED, headers={})
        context = _context(environ.get("HTTP_X_AMZ_CLIENT_CONTEXT", ""))
        answer = self._service.invoke(name, payload or b"{}", context)
        headers = {"X-Amz-Executed-Version": "$LATEST"}
        if answer.error:
            headers["X-Amz-Function-Error"] = answer.error
        if environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(answer.log[-4096:]).decode()
        return CallAnswer(status=HTTPStatus.OK, body=answer.payload, headers=headers)


CALLS: Mapping[Any, Callable[[LambdaCalls, str, WSGIEnvironment], CallAnswer]] = {
    ("POST", False, ""): LambdaCalls.create,
    ("GET", False, ""): LambdaCalls.list,
    ("GET", True, ""): LambdaCalls.get,
    ("DELETE", True, ""): LambdaCalls.delete,
    ("GET", True, "configuration"): LambdaCalls.configuration,
    ("PUT", True, "configuration"): LambdaCalls.configure,
    ("PUT", True, "code"): LambdaCalls.replace_code,
    ("POST", True, "invocations"): LambdaCalls.invoke,
    ("PUT", True, "concurrency"): LambdaCalls.reserve,
    ("GET", True, "concurrency"): LambdaCalls.reserved,
    ("DELETE", True, "concurrency"): LambdaCalls.unreserve,
}
"""By method, whether a function is named, and what of it."""


def _named(text: str | None) -> str:
    """Return the name of a function, which may be named by its ARN."""
    found = NAME.fullmatch(unquote(text or ""))
    return "" if found is None else found["name"]


def _asked(environ: WSGIEnvironment) -> dict[str, Any]:
    try:
        asked = json.loads(_body(environ, MOST_BODY) or b"{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise FunctionError(400, "InvalidRequestContentException", "the body is no JSON object")
    return asked


def _body(environ: WSGIEnvironment, most: int) -> bytes:
    size = int(environ.get("CONTENT_LENGTH") or 0)
    if size > most:
        environ["wsgi.input"].read(min(size, MOST_BODY))  # the connection may carry another call
        raise FunctionError(
            413,
            "RequestTooLargeException",
            f"Request must be smaller than {most} bytes for the call",
        )
    body: bytes = environ["wsgi.input"].read(size)
    return body


def _package(code: Any) -> bytes:
    """Return the package that a call carries."""
    if not isinstance(code, dict) or not isinstance(code.get("ZipFile"), str):
        raise _invalid("a local cluster takes a package as ZipFile only")
    try:
        return base64.b64decode(code["ZipFile"], validate=True)
    except binascii.Error as error:
        raise _invalid(f"ZipFile: {error}") from None


def _chosen(asked: Mapping[str, Any]) -> FunctionChanges:
    """Return the settings that a call names, by our names."""
    plain = {ours: asked[name] for name, ours in SETTINGS.items() if name in asked}
    if "variables" in plain and isinstance(plain["variables"], dict):
        plain["variables"] = plain["variables"].get("Variables") or {}
    try:
        return typed(FunctionChanges, plain, "the configuration")
    except NotOfTypeError as error:
        raise _invalid(str(error)) from None


def _context(encoded: str) -> str:
    """Return what an invoker sends along; nothing if it is no base64."""
    try:
        return base64.b64decode(encoded).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _shown(settings: FunctionSettings) -> Mapping[str, object]:
    return {
        "FunctionName": settings.name,
        "FunctionArn": settings.arn,
        "Runtime": settings.runtime,
        "Role": settings.role,
        "Handler": settings.handler,
        "CodeSize": settings.size,
        "CodeSha256": settings.sha256,
        "Timeout": settings.timeout,
        "MemorySize": settings.memory,
        "LastModified": settings.changed,
        "Version": "$LATEST",
        "Environment": {"Variables": dict(settings.variables)},
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }


def _json(status: HTTPStatus, shown: Mapping[str, object]) -> CallAnswer:
    return CallAnswer(status=status, body=json.dumps(shown).encode(), headers={})


def _refusal(error: FunctionError) -> CallAnswer:
    told = {"Type": "User", "message": error.message, "Message": error.message}
    if error.reason:
        told["Reason"] = error.reason
    return CallAnswer(
        status=HTTPStatus(error.status),
        body=json.dumps(told).encode(),
        headers={"x-amzn-ErrorType": error.code},
    )


def _invalid(message: str) -> FunctionError:
    return FunctionError(400, "InvalidParameterValueException", message)
