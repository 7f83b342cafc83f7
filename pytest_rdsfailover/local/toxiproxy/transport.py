"""Requests to Toxiproxy's REST API, from any number of threads: bounded in time, and checked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests

from pytest_rdsfailover.model.errors import ToxiproxyError

OK_CLASS = 2


class Transport:
    """Where one server's API is, and the connections to it.

    Every call raises `ToxiproxyError` if the server refuses, or does not answer in time.

    Args:
        url: where the API is, for example `http://127.0.0.1:8474`.
        timeout: seconds to wait for a connection, and for each part of an answer.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self.url, self.timeout = url.rstrip("/"), timeout
        # A session is not safe to share between threads, and a lock would let a slow call of one
        # thread delay the fault that another injects.
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections to the server; a later call opens new ones."""
        with self._lock:
            for session in self._sessions:
                session.close()

    def json(self, method: str, path: str, body: object = None) -> Any:
        """Return what the server answers, which must be JSON."""
        response = self.call(method, path, body)
        try:
            return response.json()
        except ValueError:
            raise ToxiproxyError(method, path, response.status_code, response.text) from None

    def call(self, method: str, path: str, body: object = None) -> requests.Response:
        """Return the server's answer if it agreed."""
        try:
            response = self._session().request(
                method, self.url + path, json=body, timeout=self.timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise ToxiproxyError(method, path, None, str(error)) from error
        if response.status_code // 100 != OK_CLASS:
            raise ToxiproxyError(method, path, response.status_code, response.text.strip())
        return response

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            # HTTP_PROXY and .netrc have no say about a server on loopback.
            session.trust_env = False
            with self._lock:
                self._sessions.append(session)
        return session


def path_of(proxy: str, *more: str) -> str:
    """Return the path of a proxy, or of what belongs to it, whatever is in their names."""
    return "/".join(["/proxies", *(quote(part, safe="") for part in (proxy, *more))])


@contextmanager
def undone_if_unanswered(undo: Callable[[], object]) -> Iterator[None]:
    """Undo what the block asked for if no answer came: the server may have done it all the same."""
    try:
        yield
    except ToxiproxyError as error:
        if error.status is None:
            with suppress(ToxiproxyError):  # a second failure says nothing new
                undo()
        raise


@contextmanager
def absent_is_fine() -> Iterator[None]:
    """Let the block remove what may be gone already."""
    try:
        yield
    except ToxiproxyError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
