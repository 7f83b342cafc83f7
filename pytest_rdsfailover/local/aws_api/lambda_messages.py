"""What calls of Lambda's API ask, and what they are answered, as HTTP carries it. Pure."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote
from wsgiref.types import WSGIEnvironment

from pytest_rdsfailover.local.functions.settings import (
    FunctionChanges,
    FunctionError,
    FunctionSettings,
)
from pytest_rdsfailover.model.files import parsed_json
from pytest_rdsfailover.model.typed import NotOfTypeError, typed

NAME = re.compile(
    r"(?:arn:[^:]+:lambda:[^:]+:)?(?:\d{12}:)?(?:function:)?(?P<name>[^:]+)(?::(?P<version>[^:]+))?"
)
LATEST = "$LATEST"
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


def named(text: str | None, query: str = "") -> str:
    """Return the name of a function, which may be named by its ARN.

    Raises:
        FunctionError: for a version or an alias, in the name or in a call's query: there are none.
    """
    found = NAME.fullmatch(unquote(text or ""))
    if found is None:
        return ""
    versions = {found["version"] or LATEST, *parse_qs(query).get("Qualifier", ())} - {LATEST}
    if versions:
        asked = f"{found['name']}:{versions.pop()}"
        raise FunctionError(
            404,
            "ResourceNotFoundException",
            f"Function not found: {asked}; a local cluster has no versions and aliases",
        )
    return found["name"]


def asked_of(environ: WSGIEnvironment) -> dict[str, Any]:
    """Return the document that a call carries.

    Raises:
        FunctionError: if it is none.
    """
    try:
        asked = parsed_json(body_of(environ, MOST_BODY) or b"{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise FunctionError(400, "InvalidRequestContentException", "the body is no JSON object")
    return asked


def body_of(environ: WSGIEnvironment, most: int) -> bytes:
    """Return what a call carries.

    Raises:
        FunctionError: if it has more than so many bytes.
    """
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


def package_of(code: Any) -> bytes:
    """Return the package that a call carries."""
    if not isinstance(code, dict) or not isinstance(code.get("ZipFile"), str):
        raise invalid("a local cluster takes a package as ZipFile only")
    try:
        return base64.b64decode(code["ZipFile"], validate=True)
    except binascii.Error as error:
        raise invalid(f"ZipFile: {error}") from None


def chosen_of(asked: Mapping[str, Any]) -> FunctionChanges:
    """Return the settings that a call names, by our names."""
    plain = {ours: asked[name] for name, ours in SETTINGS.items() if name in asked}
    if "variables" in plain and isinstance(plain["variables"], dict):
        plain["variables"] = plain["variables"].get("Variables") or {}
    try:
        return typed(FunctionChanges, plain, "the configuration")
    except NotOfTypeError as error:
        raise invalid(str(error)) from None


def context_of(encoded: str) -> str:
    """Return what an invoker sends along; nothing if it is no base64."""
    try:
        return base64.b64decode(encoded).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def configuration_of(settings: FunctionSettings) -> Mapping[str, object]:
    """Return the settings of a function by AWS's names."""
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


def answered(status: HTTPStatus, shown: Mapping[str, object]) -> CallAnswer:
    """Return the answer that shows a document."""
    return CallAnswer(status=status, body=json.dumps(shown).encode(), headers={})


def refused(error: FunctionError) -> CallAnswer:
    """Return the answer that says why a call is refused."""
    told = {"Type": "User", "message": error.message, "Message": error.message}
    if error.reason:
        told["Reason"] = error.reason
    return CallAnswer(
        status=HTTPStatus(error.status),
        body=json.dumps(told).encode(),
        headers={"x-amzn-ErrorType": error.code},
    )


def invalid(message: str) -> FunctionError:
    """Return the error of a value that Lambda does not take."""
    return FunctionError(400, "InvalidParameterValueException", message)
