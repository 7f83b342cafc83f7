"""Invokes a function of AWS Lambda, and says in one record what came of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.aws.client import AwsError, explained, unlogged
from pytest_rdsfailover.model.files import parsed_json

THROTTLED = "TooManyRequestsException"
TIMED_OUT, EXITED = "Sandbox.Timedout", "Runtime.ExitError"
# What became of an invocation, in one word.
KINDS = {THROTTLED: "throttled", TIMED_OUT: "timed out", EXITED: "crashed"}
RUNTIME, NO_ROLE = "python3.13", "arn:aws:iam::123456789012:role/none"
LONGEST_TEXT = 500  # characters of an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoked:
    """What came of an invocation.

    Attributes:
        payload: what the function returned; empty if it failed.
        problem: `throttled`, `timed out`, `crashed` or `failed`; empty if it returned.
        text: what the error said.
        kind: its name, as Lambda, the function or boto3 calls it.
    """

    payload: bytes = b""
    problem: str = ""
    text: str = ""
    kind: str = ""


class LambdaFunction:
    """One function, and a client that reaches it from any thread.

    Args:
        client: boto3's, of Lambda; it has to wait as long as the function runs, and not to try again.
        name: the function's name or ARN.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client, self.name = client, name

    def room(self) -> int:
        """Return how many invocations may be on at once.

        Raises:
            AwsError: if there is no such function, or nobody may ask.
        """
        with explained(f"asking how often {self.name} may run at once"):
            own = self._client.get_function_concurrency(FunctionName=self.name)
            if "ReservedConcurrentExecutions" in own:
                return int(own["ReservedConcurrentExecutions"])
            account = self._client.get_account_settings()["AccountLimit"]
            return int(account["UnreservedConcurrentExecutions"])

    def invoke(self, event: Any) -> Invoked:
        """Invoke it and wait for what it returns; whatever goes wrong is in the record."""
        try:
            with unlogged(), explained(f"invoking {self.name}"):  # an event holds a password
                answer = self._client.invoke(FunctionName=self.name, Payload=json.dumps(event))
                payload: bytes = answer["Payload"].read()
        except AwsError as error:
            return _failed(error.code, error.message)
        if "FunctionError" not in answer:
            return Invoked(payload=payload)
        try:
            told = parsed_json(payload)
            return _failed(str(told.get("errorType", "")), str(told.get("errorMessage", "")))
        except (ValueError, AttributeError):
            return _failed("", payload.decode(errors="replace"))


@contextmanager
def deployed(
    client: Any, name: str, package: bytes, *, handler: str, timeout: int
) -> Iterator[None]:
    """Have a function of a package for the block; only where roles mean nothing.

    Args:
        client: boto3's, of Lambda.
        name: the function's.
        package: the bytes of a .zip.
        handler: as `module.function`.
        timeout: seconds that an invocation may take.

    Raises:
        AwsError: if it cannot be made, or is there already.
    """
    with explained(f"making the function {name}"):
        client.create_function(
            FunctionName=name, Runtime=RUNTIME, Handler=handler, Timeout=timeout, Role=NO_ROLE,
            Code={"ZipFile": package},
        )  # fmt: skip
    try:
        yield
    finally:
        with explained(f"removing the function {name}"):
            client.delete_function(FunctionName=name)


def _failed(kind: str, text: str) -> Invoked:
    said = f"{kind}: {text}" if kind else text
    return Invoked(problem=KINDS.get(kind, "failed"), text=said[:LONGEST_TEXT], kind=kind)
