"""What a function of the local Lambda is, and what becomes of an invocation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from pytest_rdsfailover.model.errors import RdsFailoverError

ACCOUNT = "123456789012"
MOST_ANSWER = 6_291_556  # bytes that Lambda takes back from a function
MOST_REQUEST, MOST_EVENT = 6_291_456, 1_048_576  # bytes that Lambda takes, and asynchronously
MOST_AT_ONCE = 1000  # invocations of an account, unless AWS was asked for more
UNHANDLED = "Unhandled"


class FunctionError(RdsFailoverError):
    """Lambda refuses a call.

    Attributes:
        status: of the HTTP answer.
        code: the name of the error.
        message: what it says.
        reason: of a throttled call; else empty.
    """

    def __init__(self, status: int, code: str, message: str, reason: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.reason = status, code, message, reason


class FunctionChanges(TypedDict, total=False):
    """What the owner of a function may choose; each is explained at `FunctionSettings`."""

    runtime: str
    handler: str
    role: str
    timeout: int
    memory: int
    variables: Mapping[str, str]


class FunctionCode(TypedDict):
    """A package, unpacked; its parts are explained at `FunctionSettings`."""

    code: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings:
    """A function as its owner has configured it.

    Attributes:
        name: its name.
        region: where it is.
        runtime: as AWS names it; it runs on this machine's Python, whichever it says.
        handler: `module.function`.
        role: the ARN of a role, which nobody looks at.
        code: the directory with its unpacked package.
        sha256: of the package, in base64.
        size: of the package, in bytes.
        timeout: seconds after which an invocation is ended.
        memory: MB that it is shown to have; nobody holds it to them.
        variables: of its environment.
        changed: when it was made or changed, as AWS writes it.
    """

    name: str
    region: str
    runtime: str
    handler: str
    role: str
    code: Path
    sha256: str
    size: int
    timeout: int = 3
    memory: int = 128
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    changed: str = ""

    @property
    def arn(self) -> str:
        """Return its ARN."""
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationAnswer:
    """What came of an invocation.

    Attributes:
        payload: what the function returned, or its error as JSON.
        error: `Unhandled` if it failed; else empty.
        log: what it wrote, with Lambda's own lines around it.
    """

    payload: bytes
    error: str = ""
    log: bytes = b""


def failed(kind: str, message: str, request: str = "") -> InvocationAnswer:
    """Return the answer of an invocation that Lambda itself has ended."""
    told = f"RequestId: {request} Error: {message}" if request else message
    return InvocationAnswer(
        payload=json.dumps({"errorType": kind, "errorMessage": told}).encode(), error=UNHANDLED
    )
