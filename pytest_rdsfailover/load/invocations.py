"""Writes by a function of the user's own: one invocation of AWS Lambda for each key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_rdsfailover.aws.functions import Invoked, LambdaFunction
from pytest_rdsfailover.load.outside import OutsideWorkload
from pytest_rdsfailover.model.errors import SettingError, ToldError
from pytest_rdsfailover.model.records import Fault, Outcome

KEY = "key"
THROTTLED = 429  # the status of an invocation for which there is no place
# Errors after which nothing can have been stored: boto3 found no way, or Lambda refused.
NEVER_RAN = {
    "TooManyRequestsException": Fault(THROTTLED, "server"),
    "ResourceNotFoundException": Fault(404, "server"),
    "EndpointConnectionError": Fault(0, "refused"),
    "ConnectTimeoutError": Fault(0, "timeout"),
}
MAY_HAVE_RUN = {
    "Sandbox.Timedout": Fault(0, "timeout"),
    "ReadTimeoutError": Fault(0, "timeout"),
    "Runtime.ExitError": Fault(0, "reset"),
    "ConnectionClosedError": Fault(0, "reset"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaWorkload(OutsideWorkload):
    """Invokes a function of AWS Lambda for each write, with the event `{"key": KEY}`.

    What the function returns acknowledges the write. An invocation that is throttled, or does not
    reach Lambda, is refused: nothing was stored. Any error of the function, its time-out and its end
    leave the write unknown.

    Attributes:
        function: its name or ARN.
        client: boto3's client of Lambda, which all writers share. If it tries again by itself, as it
            does unless it is told not to, a write may be stored twice.
        event: what else is in each event.

    Raises:
        SettingError: if anything of it makes no sense.
    """

    function: str
    client: Any = field(repr=False)
    event: Mapping[str, object] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse what can never write a key."""
        if not self.function:
            raise SettingError("a function of Lambda has a name")
        if not hasattr(self.client, "invoke"):
            raise SettingError('client: boto3\'s of Lambda, as rds_aws.client("lambda")')
        if KEY in self.event:
            raise SettingError(f"the event's {KEY!r} is the key to write; call yours otherwise")

    def open(self) -> LambdaFunction:
        """Return the function."""
        return LambdaFunction(self.client, self.function)

    def write(self, key: str, session: LambdaFunction) -> None:
        """Invoke the function; return if that returns.

        Raises:
            ToldError: if it does not.
        """
        invoked = session.invoke({**self.event, KEY: key})
        if invoked.problem:
            raise ToldError(*_of(invoked), f"{self.function} {invoked.problem}: {invoked.text}")

    def close(self, session: LambdaFunction) -> None:
        """Leave the client open: it is the user's own."""


def _of(invoked: Invoked) -> tuple[Outcome, Fault]:
    """Return what an error says of the write."""
    if invoked.kind in NEVER_RAN:
        return Outcome.REFUSED, NEVER_RAN[invoked.kind]
    return Outcome.UNKNOWN, MAY_HAVE_RUN.get(invoked.kind, Fault(0, "server"))
