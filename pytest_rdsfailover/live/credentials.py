"""The user and password to connect with: from Secrets Manager, IAM tokens or the environment."""

import os
import threading
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pytest_rdsfailover.live.facts import ClusterFacts, ProxyFacts
from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.endpoints import Hidden
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError
from pytest_rdsfailover.model.files import parsed_json
from pytest_rdsfailover.model.live_settings import LiveSettings

PASSWORD = "RDS_PASSWORD"  # noqa: S105 - the variable's name
TOKEN_FRESH = 600.0  # seconds until a token is renewed; AWS accepts it for 15 minutes
ASK_EVERY = 1.0  # seconds between two looks at a secret whose password the database refuses
LOST_AFTER = 5.0  # seconds for which a secret cannot be read until it is taken for lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who connects, and with which password.

    Attributes:
        user: the database user.
        password: the user's password; empty if tokens are used instead.
        source: where the two come from, in words for people.
        rotated: the password as it is now, of a secret that may be rotated; None for a lasting one.
    """

    user: str
    password: str = field(repr=False)
    source: str
    rotated: "RotatedPassword | None" = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the password a `Hidden`: no repr shows it, wherever it is passed on."""
        object.__setattr__(self, "password", Hidden(self.password))


class Locked:
    """What threads of one process share; it goes to another process without its lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the lock; the other process makes one, and asks by itself for what is new."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__ |= state
        self._lock = threading.Lock()


class RotatedPassword(Locked):
    """The password of a secret, read anew when the database refuses it: it may have been rotated.

    Args:
        read: reads it.
        password: as it was when it was read first.
        clock: measures how often it is read at most.
    """

    def __init__(self, read: Callable[[], str], password: str, clock: Clock | None = None) -> None:
        super().__init__()
        self._read, self._password, self._clock = read, password, clock or MonotonicClock()
        self._next, self._told = 0.0, False
        # The first and the last of failed looks in a row.
        self._failing: tuple[float, float] | None = None
        self._lost = ""

    def __call__(self) -> str:
        """Return the password as it was last read."""
        return self._password

    def renew(self, refused: str) -> bool:
        """Read the password anew, unless it is another than *refused* already; tell whether it is now.

        It is read once a second at most, for it may be refused for another reason. A secret that
        cannot be read has no other password, which is told by a warning, once.
        """
        with self._lock:
            if self._password == refused and self._clock.now() >= self._next:
                asked = self._clock.now()
                try:
                    self._password = self._read()
                    self._failing, self._lost = None, ""
                except RdsFailoverError as error:
                    self._note(error, asked)
                self._next = self._clock.now() + ASK_EVERY  # a look may take long itself
            return self._password != refused

    def lost(self) -> str:
        """Return why the password can be had no more; empty while it may be read yet."""
        return self._lost

    def _note(self, error: RdsFailoverError, asked: float) -> None:
        """Note that the secret could not be read when it was *asked* for."""
        first, last = self._failing or (asked, asked)
        if asked > last + LOST_AFTER:
            first = asked  # nobody has asked meanwhile, so nothing is known of the time between
        self._failing = first, self._clock.now()
        if self._clock.now() >= first + LOST_AFTER:
            self._lost = f"the password's secret cannot be read anew: {error}"
        self._tell(error)

    def _tell(self, error: RdsFailoverError) -> None:
        told, self._told = self._told, True
        if not told:
            with suppress(UserWarning):  # where warnings are errors: a login must fail as one
                warnings.warn(
                    f"the database refuses the password, and its secret cannot be read anew: {error}",
                    stacklevel=2,
                )


class Tokens(Locked):
    """IAM tokens as passwords of one user at one endpoint, renewed before they expire."""

    def __init__(self, make: Callable[[], str], clock: Clock | None = None) -> None:
        super().__init__()
        self._make, self._clock = make, clock or MonotonicClock()
        self._token, self._until = "", 0.0

    def __call__(self) -> str:
        """Return a token that stays valid for minutes; it is signed here, without asking AWS.

        Raises:
            AwsError: if there are no credentials to sign a token with.
        """
        with self._lock:
            if not self._token or self._clock.now() >= self._until:
                self._token = self._make()
                self._until = self._clock.now() + TOKEN_FRESH
            return self._token


def find_credentials(
    asked: LiveSettings,
    region: Region,
    cluster: ClusterFacts,
    proxy: ProxyFacts | None,
) -> Credentials:
    """Return who connects, and with which password.

    Raises:
        SettingError: if no secret is named, a secret is malformed, or the variable is not set.
        AwsError: if the secret cannot be read.
    """
    if asked.auth == "iam":
        return Credentials(user=asked.user or "", password="", source="IAM tokens")
    if asked.auth == "environment":
        if PASSWORD not in os.environ:
            raise SettingError(f"--rds-auth=environment needs the variable {PASSWORD}")
        return Credentials(
            user=asked.user or "", password=os.environ[PASSWORD], source="the environment"
        )
    arn = asked.secret or cluster.secret or (proxy.secret if proxy else None)
    if arn is None:
        raise SettingError(
            "neither the cluster nor its proxy names a secret: give one with --rds-secret, or"
            " choose --rds-auth=iam or --rds-auth=environment"
        )
    credentials = _parse(region.secret(arn), arn, asked.user)
    region.brief_client("secretsmanager")  # made now, by the thread that may
    read = partial(_password, region, arn, asked.user)
    return replace(credentials, rotated=RotatedPassword(read, credentials.password))


def _password(region: Region, arn: str, user: str | None) -> str:
    return _parse(region.secret(arn, brief=True), arn, user).password


def _parse(text: str, arn: str, user: str | None) -> Credentials:
    credentials = _credentials(text, f"secret {arn.rpartition(':')[2]}", user)
    if credentials is None:
        # The text holds the password. So it is not quoted, and the error is raised out here: the
        # frame that has parsed the text, whose variables `pytest -l` would print, has ended.
        raise SettingError(f"the secret {arn} is no JSON object with `username` and `password`")
    return credentials


def _credentials(text: str, source: str, user: str | None) -> Credentials | None:
    try:
        secret = parsed_json(text)
        name, password = user or secret["username"], str(secret["password"])
        password.encode()  # a lone surrogate could be sent to no server
        return Credentials(user=str(name), password=password, source=source)
    except (KeyError, TypeError, ValueError):
        return None
