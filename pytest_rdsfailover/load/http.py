"""Writes by HTTP: one request for each key, over a connection that each writer keeps alive."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from pytest_rdsfailover.load.outside import OutsideWorkload
from pytest_rdsfailover.model.errors import SettingError, ToldError
from pytest_rdsfailover.model.records import Fault, Outcome

KEY = "{key}"
Method = Literal["DELETE", "GET", "PATCH", "POST", "PUT"]
Meaning = Literal["acked", "refused", "unknown"]
MEANINGS: tuple[Meaning, ...] = get_args(Meaning)
METHODS: tuple[Method, ...] = get_args(Method)
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110: a token
VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")  # and what may stand in a field's value
URL = re.compile(r"[!-~]+")
REDIRECTS = 3  # the first digit of their statuses
LONGEST_SHOWN = 200  # bytes of an answer
OUTCOMES = {"2": Outcome.ACKED, "3": Outcome.REFUSED, "4": Outcome.REFUSED, "5": Outcome.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpWorkload(OutsideWorkload):
    """Sends one HTTP request for each write; `{key}` in its URL, headers or body is the key.

    A status of 2xx acknowledges the write. 3xx and 4xx refuse it: nothing was stored. After 5xx, and
    where the connection broke or no answer came, it is unknown. `outcomes` says otherwise for single
    statuses. Redirects are not followed, and no request is sent twice.

    Attributes:
        url: where to send it, for example `http://127.0.0.1:8080/orders?ref={key}`.
        method: `POST`, `PUT` or another one.
        headers: names and values.
        body: what it carries; None for nothing.
        outcomes: what a status means, `acked`, `refused` or `unknown`, by the status.
        connect_within: seconds for a connection.
        answer_within: seconds for an answer.

    Raises:
        SettingError: if there is no `{key}`, or anything else of it makes no sense.
    """

    url: str
    method: Method = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str | None = field(default=None, repr=False)
    outcomes: Mapping[int, Meaning] = field(default_factory=dict)
    connect_within: float = 1.0
    answer_within: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what can never write a key."""
        self._check_url()
        if self.method not in METHODS:
            raise SettingError(f"the method {self.method!r} is none of {', '.join(METHODS)}")
        if not any(KEY in text for text in (self.url, self.body or "", *self.headers.values())):
            raise SettingError(
                f"the request has no {KEY}: write it where the service takes the key, in the URL, a"
                " header or the body"
            )
        for status, meaning in self.outcomes.items():
            if meaning not in MEANINGS or not 100 <= status <= 599:  # noqa: PLR2004
                raise SettingError(
                    f"outcome {status}={meaning}: write a status and acked, refused or unknown"
                )
        for name, text in self.headers.items():
            if not NAME.fullmatch(name) or not VALUE.fullmatch(text):
                raise SettingError(
                    f"the header {name!r} cannot be sent: write a name of letters, digits and -, and a"
                    " value of Latin characters on one line"
                )
        if self.connect_within <= 0 or self.answer_within <= 0:
            raise SettingError("a request needs some time for a connection and for an answer")

    def _check_url(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or not URL.fullmatch(self.url):
            raise SettingError(
                f"{self.url!r} is no URL of a service; write one such as"
                " http://127.0.0.1:8080/orders?ref={key}, other signs and spaces as %20"
            )
        if KEY in parts.netloc:
            raise SettingError(f"{self.url!r}: all keys go to one host; write {KEY} behind it")

    def open(self) -> urllib3.HTTPConnectionPool:
        """Return a writer's own connection, which is made when it is first used."""
        timeout = urllib3.Timeout(connect=self.connect_within, read=self.answer_within)
        return urllib3.connection_from_url(self.url, maxsize=1, timeout=timeout, retries=False)

    def write(self, key: str, session: urllib3.HTTPConnectionPool) -> None:
        """Send the request; return if its status acknowledges the write.

        Raises:
            ToldError: if it does not.
        """
        parts = urlsplit(self.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = None if self.body is None else self.body.replace(KEY, key).encode()
        try:
            answer = session.urlopen(
                self.method,
                target.replace(KEY, key),
                body=body,
                headers={name: text.replace(KEY, key) for name, text in self.headers.items()},
                redirect=False,
                retries=False,
            )
        except (HTTPError, OSError) as error:
            raise ToldError(*_of_error(error), f"{self.method} {key}: {error}") from error
        outcome = self._outcome(answer.status)
        if outcome is not Outcome.ACKED:
            said = answer.data[:LONGEST_SHOWN].decode("utf-8", "replace")
            place = answer.headers.get("Location", "")[:LONGEST_SHOWN]
            if place and answer.status // 100 == REDIRECTS:
                said = f"and leads to {place!r}; redirects are not followed, so name that place"
            text = f"the service answered {answer.status} {said}".rstrip()
            raise ToldError(outcome, Fault(answer.status, "server"), text)

    def close(self, session: urllib3.HTTPConnectionPool) -> None:
        """Close the connection."""
        session.close()

    def _outcome(self, status: int) -> Outcome:
        if status in self.outcomes:
            return Outcome[self.outcomes[status].upper()]
        return OUTCOMES.get(str(status)[0], Outcome.UNKNOWN)


def _of_error(error: Exception) -> tuple[Outcome, Fault]:
    """Return what an error of the client says: before the request was sent, nothing was stored."""
    match error:
        case NameResolutionError():
            return Outcome.REFUSED, Fault(0, "dns")
        case NewConnectionError():
            return Outcome.REFUSED, Fault(0, "refused")
        case ConnectTimeoutError():
            return Outcome.REFUSED, Fault(0, "timeout")
        case ReadTimeoutError() | TimeoutError():
            return Outcome.UNKNOWN, Fault(0, "timeout")
        case _:
            return Outcome.UNKNOWN, Fault(0, "reset")
