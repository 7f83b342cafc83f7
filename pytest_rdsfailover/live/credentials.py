"""The user and password to connect with: from Secrets Manager, IAM tokens or the environment."""

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_rdsfailover.live.facts import ClusterFacts, ProxyFacts
from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.endpoints import Hidden
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings

PASSWORD = "RDS_PASSWORD"  # noqa: S105 - the variable's name
TOKEN_FRESH = 600.0  # seconds until a token is renewed; AWS accepts it for 15 minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who connects, and with which password.

    Attributes:
        user: the database user.
        password: the user's password; empty if tokens are used instead.
        source: where the two come from, in words for people.
    """

    user: str
    password: str = field(repr=False)
    source: str

    def __post_init__(self) -> None:
        """Make the password a `Hidden`: no repr shows it, wherever it is passed on."""
        object.__setattr__(self, "password", Hidden(self.password))


class Tokens:
    """IAM tokens as passwords of one user at one endpoint, renewed before they expire."""

    def __init__(self, make: Callable[[], str], clock: Clock | None = None) -> None:
        self._make, self._clock = make, clock or MonotonicClock()
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the lock; the other process makes one, and renews the token by itself."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__ |= state
        self._lock = threading.Lock()

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
    return _parse(region.secret(arn), arn, asked.user)


def _parse(text: str, arn: str, user: str | None) -> Credentials:
    credentials = _credentials(text, f"secret {arn.rpartition(':')[2]}", user)
    if credentials is None:
        # The text holds the password. So it is not quoted, and the error is raised out here: the
        # frame that has parsed the text, whose variables `pytest -l` would print, has ended.
        raise SettingError(f"the secret {arn} is no JSON object with `username` and `password`")
    return credentials


def _credentials(text: str, source: str, user: str | None) -> Credentials | None:
    try:
        secret = json.loads(text)
        name = user or secret["username"]
        return Credentials(user=str(name), password=str(secret["password"]), source=source)
    except (KeyError, TypeError, ValueError):
        return None
