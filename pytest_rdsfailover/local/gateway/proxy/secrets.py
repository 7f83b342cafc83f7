"""Who may log in to the proxy: secrets in the shape of Secrets Manager's, and IAM tokens."""

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.files import parsed_json

LONGEST_TOKEN_LIFE = 900  # seconds
STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A database user's name and password.

    Attributes:
        username: its name.
        password: its password; never in a repr.
        dbname: the database that a login without one uses; RDS Proxy ignores it, and so do we.
    """

    username: str
    password: str = field(repr=False)
    dbname: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the secret in a SecretString; `host`, `port` and `engine` in it are ignored.

        Raises:
            GatewayError: if it is no JSON object with `username` and `password`; the text itself
                is not repeated.
        """
        try:
            document: Any = parsed_json(text)
            return cls(
                username=str(document["username"]),
                password=str(document["password"]),
                dbname=str(document.get("dbname", "")),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise GatewayError(
                'a secret is a JSON object with "username" and "password", as Secrets Manager'
                " keeps it"
            ) from None

    def text(self) -> str:
        """Return it as a SecretString."""
        return json.dumps({
            "username": self.username, "password": self.password, "engine": "mysql",
            **({"dbname": self.dbname} if self.dbname else {}),
        })  # fmt: skip


def token_fault(
    token: str, user: str, addresses: Collection[str], now: dt.datetime | None = None
) -> str | None:
    """Return what is wrong with an IAM token; None if it looks right.

    Its shape, address, user, age and service are checked. Its signature cannot be: only AWS can.

    Args:
        token: what the client sent in place of a password.
        user: who it says it is.
        addresses: the proxy's own, as `host:port`; none to accept a token for any address.
        now: the time, in UTC.
    """
    try:
        parts = urlsplit("//" + token.removeprefix("https://"))
    except ValueError:
        return "it is no presigned URL"
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    credential = query.get("X-Amz-Credential", "").split("/")
    checks = (
        (parts.path == "/" and bool(query), "it is no presigned URL"),
        (not addresses or parts.netloc in addresses, f"it is for {parts.netloc}"),
        (query.get("Action") == "connect", "its action is not connect"),
        (query.get("DBUser") == user, "it is for another user"),
        (query.get("X-Amz-Algorithm") == "AWS4-HMAC-SHA256", "its algorithm is not SigV4"),
        (credential[-2:] == ["rds-db", "aws4_request"], "its scope is not rds-db"),
        (len(query.get("X-Amz-Signature", "")) == 64, "it has no signature"),  # noqa: PLR2004 - hex
    )
    for right, fault in checks:
        if not right:
            return fault
    return _age_fault(query, now or dt.datetime.now(dt.UTC))


def _age_fault(query: dict[str, str], now: dt.datetime) -> str | None:
    try:
        made = dt.datetime.strptime(query.get("X-Amz-Date", ""), STAMP).replace(tzinfo=dt.UTC)
        life = int(query.get("X-Amz-Expires", "0"))
    except ValueError:
        return "it has no date"
    if not 0 < life <= LONGEST_TOKEN_LIFE:
        return f"it lives {life} s"
    age = (now - made).total_seconds()
    return None if -LONGEST_TOKEN_LIFE < age < life else "it has expired"
