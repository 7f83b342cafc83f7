"""Writes by a function of the user's own: one invocation of AWS Lambda for each key."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_rdsfailover.aws.functions import Invoked, LambdaFunction
from pytest_rdsfailover.load.attempts import AttemptRecorder
from pytest_rdsfailover.load.outside import OutsideWorkload
from pytest_rdsfailover.load.told_tries import ToldTry, told_tries
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
UNTRUE = Fault(0, "client")
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

    A function that tries again by itself may report that: `{"tries": [[BEGAN, ENDED, CODE], ...]}`, in
    seconds of its own clock, one after the other, with MySQL's error number, or None for the one that the
    database has done. They become attempts of the trial. If the last one has failed, so has the write.

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

    def write(
        self, key: str, session: LambdaFunction, attempt: AttemptRecorder | None = None
    ) -> None:
        """Invoke the function; return if that returns.

        Raises:
            ToldError: if it does not, or reports tries of which none, or nothing true, is served.
        """
        sent = time.monotonic_ns()
        invoked = session.invoke({**self.event, KEY: key})
        if invoked.problem:
            raise ToldError(*_of(invoked), f"{self.function} {invoked.problem}: {invoked.text}")
        try:
            tries = told_tries(invoked.payload, sent, time.monotonic_ns())
        except ValueError as error:
            text = f"{self.function}: its report of tries was refused: {error}"
            raise ToldError(Outcome.UNKNOWN, UNTRUE, text) from error
        if attempt is not None:
            for told in tries:
                attempt.told(told.began, told.ended, told.outcome, told.fault)
        self._check(tries)

    def _check(self, tries: Sequence[ToldTry]) -> None:
        """Raise ToldError if the last try has failed."""
        if not tries or tries[-1].fault is None:
            return
        refused = all(told.outcome is Outcome.REFUSED for told in tries)
        outcome = Outcome.REFUSED if refused else Outcome.UNKNOWN
        fault = tries[-1].fault
        text = f"{self.function} has given up after {len(tries)} tries: MySQL error {fault.code}"
        raise ToldError(outcome, fault, text)

    def close(self, session: LambdaFunction) -> None:
        """Leave the client open: it is the user's own."""


def _of(invoked: Invoked) -> tuple[Outcome, Fault]:
    """Return what an error says of the write."""
    if invoked.kind in NEVER_RAN:
        return Outcome.REFUSED, NEVER_RAN[invoked.kind]
    return Outcome.UNKNOWN, MAY_HAVE_RUN.get(invoked.kind, Fault(0, "server"))
