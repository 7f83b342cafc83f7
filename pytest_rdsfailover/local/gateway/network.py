"""What makes an endpoint refuse connections: Toxiproxy, through its REST API."""

import json
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Protocol
from urllib.parse import quote, urlsplit

from pytest_rdsfailover.model.errors import GatewayError

TIMEOUT = 2.0  # seconds
HTTP_OK = 200


class NetworkSwitch(Protocol):
    """What stands between clients and the gateway."""

    def set_refused(self, endpoints: Collection[str]) -> None:
        """Let these endpoints refuse connections, and all others accept them.

        Raises:
            GatewayError: if it could not be done for each.
        """


class NoNetwork:
    """Nothing between clients and the gateway, which then resets what it should refuse."""

    def set_refused(self, endpoints: Collection[str]) -> None:
        """Do nothing."""


class Toxiproxy:
    """Toxiproxy's proxies, one an endpoint, switched off while their endpoint refuses.

    It speaks HTTP by itself, because importing the client takes longer than the gateway's start.
    """

    def __init__(self, url: str, prefix: str, endpoints: Collection[str]) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 8474)
        self._prefix = prefix
        self._refused: dict[str, bool] = dict.fromkeys(endpoints, False)
        self._threads = ThreadPoolExecutor(len(self._refused))

    def set_refused(self, endpoints: Collection[str]) -> None:
        """Switch proxies on and off, those that change, all at once."""
        changes = {
            name: name in endpoints
            for name in {*self._refused, *endpoints}
            if self._refused.get(name, False) != (name in endpoints)
        }
        jobs = [self._threads.submit(self._switch, *change) for change in changes.items()]
        faults = [str(fault) for job in jobs if (fault := job.exception()) is not None]
        if faults:
            raise GatewayError("; ".join(faults))

    def _switch(self, name: str, refused: bool) -> None:  # noqa: FBT001 - mapped over items
        path = f"/proxies/{quote(self._prefix + name, safe='')}"
        connection = HTTPConnection(*self._address, timeout=TIMEOUT)
        try:
            body = json.dumps({"enabled": not refused})
            connection.request("PATCH", path, body, {"Content-Type": "application/json"})
            with connection.getresponse() as answer:  # which may outlive its connection
                text = answer.read(500).decode(errors="replace").strip()
        except (OSError, HTTPException) as error:
            raise GatewayError(f"Toxiproxy: PATCH {path}: {error!r}") from error
        finally:
            connection.close()
        if answer.status != HTTP_OK:
            raise GatewayError(f"Toxiproxy: PATCH {path}: {answer.status} {text}")
        self._refused[name] = refused
