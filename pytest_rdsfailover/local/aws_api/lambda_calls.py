"""The calls of Lambda's API that the local region answers, as one WSGI application; none is moto's."""

import base64
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from pytest_rdsfailover.local.aws_api.lambda_messages import (
    CallAnswer,
    answered,
    asked_of,
    body_of,
    chosen_of,
    configuration_of,
    context_of,
    invalid,
    named,
    package_of,
    refused,
)
from pytest_rdsfailover.local.functions.service import LambdaService
from pytest_rdsfailover.local.functions.settings import (
    MOST_AT_ONCE,
    MOST_EVENT,
    MOST_REQUEST,
    FunctionChanges,
    FunctionError,
)
from pytest_rdsfailover.model.files import parsed_json

PATHS = re.compile(
    r"/\d{4}-\d{2}-\d{2}/(?:functions(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z-]+))?)?/?|(?P<account>account-settings)/?)"
)


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
            answer = refused(error)
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
            return answered(HTTPStatus.OK, self._account())
        call = CALLS.get(key)
        if found is None or call is None:
            raise FunctionError(
                501, "NotImplemented", f"the Lambda of a local cluster has no {method} of this kind"
            )
        return call(self, named(found["name"], environ.get("QUERY_STRING", "")), environ)

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
        asked = asked_of(environ)
        for needed in ("FunctionName", "Role", "Code"):
            if needed not in asked:
                raise invalid(f"{needed} is missing")
        if asked.get("PackageType", "Zip") != "Zip":
            raise invalid("a local cluster runs functions of a .zip, not images")
        usual: FunctionChanges = {"runtime": "python3.11", "handler": "", "role": ""}
        chosen: FunctionChanges = {**usual, **chosen_of(asked)}
        settings = self._service.create(
            named(asked["FunctionName"]), package_of(asked["Code"]), **chosen
        )
        return answered(HTTPStatus.CREATED, configuration_of(settings))

    def list(self, _: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002 - as all calls
        """ListFunctions."""
        return answered(
            HTTPStatus.OK, {"Functions": list(map(configuration_of, self._service.functions()))}
        )

    def get(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """GetFunction."""
        settings = self._service.find(name)
        shown: dict[str, object] = {
            "Configuration": configuration_of(settings),
            "Code": {"RepositoryType": "S3", "Location": settings.code.as_uri()},
        }
        reserved = self._service.reserved(name)
        if reserved is not None:
            shown["Concurrency"] = {"ReservedConcurrentExecutions": reserved}
        return answered(HTTPStatus.OK, shown)

    def configuration(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """GetFunctionConfiguration."""
        return answered(HTTPStatus.OK, configuration_of(self._service.find(name)))

    def configure(self, name: str, environ: WSGIEnvironment) -> CallAnswer:
        """UpdateFunctionConfiguration."""
        return answered(
            HTTPStatus.OK,
            configuration_of(self._service.change(name, **chosen_of(asked_of(environ)))),
        )

    def replace_code(self, name: str, environ: WSGIEnvironment) -> CallAnswer:
        """UpdateFunctionCode."""
        package = package_of(asked_of(environ))
        return answered(HTTPStatus.OK, configuration_of(self._service.replace_code(name, package)))

    def delete(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """DeleteFunction."""
        self._service.delete(name)
        return CallAnswer(status=HTTPStatus.NO_CONTENT, headers={})

    def reserve(self, name: str, environ: WSGIEnvironment) -> CallAnswer:
        """PutFunctionConcurrency."""
        count = asked_of(environ).get("ReservedConcurrentExecutions")
        if not isinstance(count, int) or count < 0:
            raise invalid("ReservedConcurrentExecutions is a number from 0")
        self._service.reserve(name, count)
        return answered(HTTPStatus.OK, {"ReservedConcurrentExecutions": count})

    def reserved(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """GetFunctionConcurrency."""
        count = self._service.reserved(name)
        return answered(
            HTTPStatus.OK, {} if count is None else {"ReservedConcurrentExecutions": count}
        )

    def unreserve(self, name: str, environ: WSGIEnvironment) -> CallAnswer:  # noqa: ARG002
        """DeleteFunctionConcurrency."""
        self._service.reserve(name, None)
        return CallAnswer(status=HTTPStatus.NO_CONTENT, headers={})

    def invoke(self, name: str, environ: WSGIEnvironment) -> CallAnswer:
        """Invoke."""
        kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        payload = body_of(environ, MOST_EVENT if kind == "Event" else MOST_REQUEST)
        try:
            parsed_json(payload or b"{}")
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
        context = context_of(environ.get("HTTP_X_AMZ_CLIENT_CONTEXT", ""))
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
