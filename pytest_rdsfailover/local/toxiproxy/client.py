"""Toxiproxy over its REST API: toxiproxy-python's objects without that package's HTTP layer.

toxiproxy-python keeps one host and port for the whole process, waits without limit, takes a 403 or
500 for success and cannot change an upstream. Here every call goes through one `ToxiproxyClient`,
is bounded in time, and raises unless the server agreed; only the classes that users know are kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self, Unpack

import toxiproxy
import toxiproxy.toxic

from pytest_rdsfailover.local.toxiproxy import transport
from pytest_rdsfailover.local.toxiproxy.arguments import Stream, ToxicDescription
from pytest_rdsfailover.local.toxiproxy.transport import Transport, path_of
from pytest_rdsfailover.model.errors import SettingError, ToxiproxyError

Attributes = Mapping[str, int]


class Toxic(toxiproxy.toxic.Toxic):  # type: ignore[misc]  # the package has no types
    """A toxic as the server described it: `name`, `type`, `stream`, `toxicity`, `attributes`."""

    def __init__(self, client: "ToxiproxyClient", proxy: str, described: dict[str, Any]) -> None:
        super().__init__(**described)
        self._client, self.proxy = client, proxy

    def __repr__(self) -> str:
        return f"Toxic({self.name!r}, {self.stream}, {self.toxicity}, {self.attributes})"

    def update(
        self, *, attributes: Attributes | None = None, toxicity: float | None = None
    ) -> "Toxic":
        """Change the toxic on the server; see `ToxiproxyClient.update_toxic`."""
        return self._client.update_toxic(
            self.proxy, self.name, attributes=attributes, toxicity=toxicity
        )

    def destroy(self) -> None:
        """Remove the toxic; see `ToxiproxyClient.remove_toxic`."""
        self._client.remove_toxic(self.proxy, self.name)


class ToxiproxyProxy(toxiproxy.Proxy):  # type: ignore[misc]  # the package has no types
    """A proxy as the server described it: `name`, `listen`, `upstream`, `enabled`.

    `disable`, `enable` and `update` keep the fields true; what others change on the server does
    not appear here.
    """

    def __init__(self, client: "ToxiproxyClient", described: dict[str, Any]) -> None:
        super().__init__(**described)
        self._client = client

    def __repr__(self) -> str:
        state = "enabled" if self.enabled else "disabled"
        return f"Proxy({self.name!r}, {self.listen} to {self.upstream}, {state})"

    @contextmanager
    def down(self) -> Iterator[Self]:
        """Disable the proxy for the block; enable it afterwards, whatever happened."""
        with self._client.down(self.name):
            self.enabled = False
            yield self
        self.enabled = True

    def toxic(self, **toxic: Unpack[ToxicDescription]) -> AbstractContextManager[Toxic]:
        """Add a toxic for the block; see `ToxiproxyClient.toxic`."""
        return self._client.toxic(self.name, **toxic)

    def update(
        self,
        *,
        enabled: bool | None = None,
        upstream: str | None = None,
        listen: str | None = None,
    ) -> None:
        """Change what is given; see `ToxiproxyClient.update`."""
        changed = self._client.update(self.name, enabled=enabled, upstream=upstream, listen=listen)
        self.__dict__.update(changed.__dict__)

    def disable(self) -> None:
        """Stop listening and close every connection."""
        self.update(enabled=False)

    def enable(self) -> None:
        """Listen again."""
        self.update(enabled=True)

    def destroy(self) -> None:
        """Delete the proxy from the server."""
        self._client.delete(self.name)

    def toxics(self) -> dict[str, Toxic]:
        """Return the toxics of the proxy by name."""
        return self._client.toxics(self.name)

    def get_toxic(self, toxic_name: str) -> Toxic | None:
        """Return the toxic of that name, or None."""
        return self.toxics().get(toxic_name)

    def add_toxic(self, **toxic: Unpack[ToxicDescription]) -> Toxic:
        """Add a toxic; see `ToxiproxyClient.add_toxic`."""
        return self._client.add_toxic(self.name, **toxic)

    def destroy_toxic(self, toxic_name: str) -> None:
        """Remove a toxic."""
        self._client.remove_toxic(self.name, toxic_name)


class ToxiproxyClient(AbstractContextManager["ToxiproxyClient"]):
    """Talks to one Toxiproxy server, from any number of threads.

    Every method raises `ToxiproxyError` if the server refuses, or does not answer in time.

    Args:
        url: where the REST API is, for example `http://127.0.0.1:8474`.
        timeout: seconds to wait for a connection, and for each part of an answer.
    """

    def __init__(self, url: str, timeout: float = 2.0) -> None:
        self._api = Transport(url, timeout)
        self.url = self._api.url

    def __repr__(self) -> str:
        return f"ToxiproxyClient({self.url!r})"

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server; a later call opens new ones."""
        self._api.close()

    def version(self) -> str:
        """Return the server's version, for example `2.12.0`."""
        return str(self._api.json("GET", "/version")["version"])

    def running(self) -> bool:
        """Return whether a server answers, without raising."""
        try:
            self.version()
        except ToxiproxyError:
            return False
        return True

    def reset(self) -> None:
        """Enable all proxies and remove all toxics."""
        self._api.call("POST", "/reset")

    def proxies(self) -> dict[str, ToxiproxyProxy]:
        """Return all proxies by name."""
        shown = self._api.json("GET", "/proxies")
        return {name: ToxiproxyProxy(self, described) for name, described in shown.items()}

    def proxy(self, name: str) -> ToxiproxyProxy:
        """Return one proxy."""
        return ToxiproxyProxy(self, self._api.json("GET", path_of(name)))

    def get_proxy(self, name: str) -> ToxiproxyProxy | None:
        """Return one proxy, or None if there is none of that name."""
        return self.proxies().get(name)

    def create(
        self, name: str, *, upstream: str, listen: str = "127.0.0.1:0", enabled: bool = True
    ) -> ToxiproxyProxy:
        """Create a proxy; `listen` and `upstream` are `host:port`."""
        body = {"name": name, "upstream": upstream, "listen": listen, "enabled": enabled}
        return ToxiproxyProxy(self, self._api.json("POST", "/proxies", body))

    def populate(self, proxies: Iterable[Mapping[str, object]]) -> list[ToxiproxyProxy]:
        """Create many proxies in one request; existing ones that differ are replaced."""
        shown = self._api.json("POST", "/populate", [dict(proxy) for proxy in proxies])
        return [ToxiproxyProxy(self, described) for described in shown["proxies"] or []]

    def update(
        self,
        name: str,
        *,
        enabled: bool | None = None,
        upstream: str | None = None,
        listen: str | None = None,
    ) -> ToxiproxyProxy:
        """Change what is given and leave the rest; a new address cuts all connections."""
        body = {"enabled": enabled, "upstream": upstream, "listen": listen}
        given = {field: value for field, value in body.items() if value is not None}
        return ToxiproxyProxy(self, self._api.json("PATCH", path_of(name), given))

    def delete(self, name: str) -> None:
        """Delete a proxy and close its connections."""
        self._api.call("DELETE", path_of(name))

    def toxics(self, proxy: str) -> dict[str, Toxic]:
        """Return the toxics of a proxy by name."""
        shown = self._api.json("GET", path_of(proxy, "toxics"))
        return {described["name"]: Toxic(self, proxy, described) for described in shown}

    def add_toxic(
        self,
        proxy: str,
        *,
        type: str,  # noqa: A002 - the word of the API
        name: str | None = None,
        stream: Stream = "downstream",
        toxicity: float = 1.0,
        attributes: Attributes | None = None,
    ) -> Toxic:
        """Add a toxic.

        Args:
            proxy: the proxy's name.
            type: what the toxic does, for example `latency`.
            name: what to call the toxic; `{type}_{stream}` by default.
            stream: `downstream`, towards the client, or `upstream`.
            toxicity: the chance that it acts on a link, 0 to 1.
            attributes: the attributes of the type, in Toxiproxy's units.

        Raises:
            SettingError: if the type has no such attribute; the server itself would ignore it.
        """
        body = {
            "name": name or f"{type}_{stream}",
            "type": type,
            "stream": stream,
            "toxicity": toxicity,
            "attributes": dict(attributes or {}),
        }
        added = Toxic(self, proxy, self._api.json("POST", path_of(proxy, "toxics"), body))
        try:
            _check(added, attributes or {})
        except SettingError:
            added.destroy()
            raise
        return added

    def update_toxic(
        self,
        proxy: str,
        name: str,
        *,
        attributes: Attributes | None = None,
        toxicity: float | None = None,
    ) -> Toxic:
        """Change the given attributes and toxicity of a toxic, on live connections too.

        Raises:
            SettingError: if the type has no such attribute; the others are changed all the same.
        """
        body: dict[str, object] = {} if toxicity is None else {"toxicity": toxicity}
        if attributes is not None:
            body["attributes"] = dict(attributes)
        toxic = Toxic(self, proxy, self._api.json("PATCH", path_of(proxy, "toxics", name), body))
        _check(toxic, attributes or {})
        return toxic

    def remove_toxic(self, proxy: str, name: str) -> None:
        """Remove a toxic, from live connections too."""
        self._api.call("DELETE", path_of(proxy, "toxics", name))

    @contextmanager
    def down(self, name: str) -> Iterator[None]:
        """Disable a proxy for the block; enable it afterwards, whatever happened.

        If the proxy cannot be disabled, that error is raised, and the block does not run.
        """
        with transport.undone_if_unanswered(lambda: self.update(name, enabled=True)):
            self.update(name, enabled=False)
        try:
            yield
        finally:
            self.update(name, enabled=True)

    @contextmanager
    def toxic(self, proxy: str, **toxic: Unpack[ToxicDescription]) -> Iterator[Toxic]:
        """Add a toxic for the block, as `add_toxic` takes it; remove it afterwards.

        It is no error if the block or a reset has removed the toxic already.
        """
        name = toxic.get("name") or f"{toxic['type']}_{toxic.get('stream', 'downstream')}"
        with transport.undone_if_unanswered(lambda: self.remove_toxic(proxy, name)):
            added = self.add_toxic(proxy, **toxic)
        try:
            yield added
        finally:
            with transport.absent_is_fine():
                self.remove_toxic(proxy, added.name)


def _check(toxic: Toxic, attributes: Attributes) -> None:
    """Raise SettingError for an attribute that the server has ignored."""
    unknown = set(attributes) - set(toxic.attributes)
    if unknown:
        raise SettingError(
            f"a toxic {toxic.type!r} has no attribute {', '.join(map(repr, sorted(unknown)))}; it"
            f" has {', '.join(sorted(toxic.attributes)) or 'none'}"
        )
