"""The REST API without HTTP: from method, path and body to status and answer."""

import functools
import posixpath
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from pytest_rdsfailover.local.toxiproxy import refusal
from pytest_rdsfailover.local.toxiproxy.answer import (
    NO_CONTENT,
    NOT_ALLOWED,
    NOT_FOUND,
    Answer,
    error,
    moved,
    value,
)
from pytest_rdsfailover.local.toxiproxy.body import decode, field, fields
from pytest_rdsfailover.local.toxiproxy.proxy import ListeningProxy
from pytest_rdsfailover.local.toxiproxy.refusal import Refusal

VERSION = "2.12.0+builtin"
"""The release of Toxiproxy that this server behaves like; the suffix tells the two apart."""


Names = list[str]
Handler = Callable[["Api", Names, bytes], Answer]


class Api:
    """All proxies, and what requests may do with them."""

    def __init__(self) -> None:
        self._proxies: dict[str, ListeningProxy] = {}

    def route(self, method: str, path: str, query: str = "") -> Answer | Callable[[bytes], Answer]:
        """Return what makes a request's answer from its body; an answer if nobody is there."""
        clean = _clean(path)
        if clean != path:
            place = quote(clean, safe="/$&+,:;=@-_.~")
            return moved(f"{place}?{query}" if query else place)
        names, methods = _route(path)
        if methods is None:
            return NOT_FOUND
        handler = methods.get(method)
        if handler is None:
            return NOT_ALLOWED
        return functools.partial(self._done, handler, names)

    def _done(self, handler: "Handler", names: Names, body: bytes) -> Answer:
        """Do what a request asks and answer it."""
        try:
            return handler(self, names, body)
        except Refusal as refused:
            return error(refused)

    def close(self) -> None:
        """Close all listeners and connections."""
        for proxy in self._proxies.values():
            proxy.stop()

    def proxy(self, name: str) -> ListeningProxy:
        """Return the proxy of that name.

        Raises:
            Refusal: if there is no such proxy.
        """
        try:
            return self._proxies[name]
        except KeyError:
            raise Refusal(*refusal.PROXY_NOT_FOUND) from None

    def version(self, _names: Names, _body: bytes) -> Answer:
        """GET /version."""
        # With a space and a line's end, which scripts may look for.
        text = f'{{"version": "{VERSION}"}}\n'
        return Answer(HTTPStatus.OK, "application/json;charset=utf-8", text.encode())

    def reset(self, _names: Names, _body: bytes) -> Answer:
        """POST /reset: enable all proxies and remove all toxics."""
        for proxy in self._proxies.values():
            proxy.start()
            proxy.chain.clear()
        return NO_CONTENT

    def index(self, _names: Names, _body: bytes) -> Answer:
        """GET /proxies."""
        return value({name: proxy.show() for name, proxy in sorted(self._proxies.items())})

    def create(self, _names: Names, body: bytes) -> Answer:
        """POST /proxies."""
        proxy, enabled = _new_proxy(_asked(decode(body)))
        if proxy.name in self._proxies:
            raise Refusal(*refusal.PROXY_EXISTS)
        if enabled:
            proxy.start()
        self._proxies[proxy.name] = proxy
        return value(proxy.show(), HTTPStatus.CREATED)

    def populate(self, _names: Names, body: bytes) -> Answer:
        """POST /populate: create many proxies, replacing existing ones that differ."""
        done: list[ListeningProxy] = []
        try:
            entries = decode(body)
            entries = [] if entries is None else entries
            if not isinstance(entries, list):
                raise refusal.bad_body(f"a list is needed, not {entries!r}")
            asked = [_asked(entry) for entry in entries]  # types first, of all of them
            wanted = [_new_proxy(proxy, f" at proxy {n}") for n, proxy in enumerate(asked, 1)]
            for proxy, enabled in wanted:
                done.append(self._put(proxy, enabled=enabled))
        except Refusal as refused:
            return value({**refused.show(), "proxies": _shown(done)}, refused.status)
        return value({"proxies": _shown(done)}, HTTPStatus.CREATED)

    def show(self, names: Names, _body: bytes) -> Answer:
        """GET /proxies/{name}."""
        return value(self.proxy(names[0]).show())

    def update(self, names: Names, body: bytes) -> Answer:
        """PATCH or POST /proxies/{name}."""
        proxy = self.proxy(names[0])
        given = fields(decode(body))
        proxy.update(
            field(given, "listen", str, proxy.listen),
            field(given, "upstream", str, proxy.upstream),
            enabled=field(given, "enabled", bool, proxy.enabled),
        )
        return value(proxy.show())

    def delete(self, names: Names, _body: bytes) -> Answer:
        """DELETE /proxies/{name}."""
        self.proxy(names[0]).stop()
        del self._proxies[names[0]]
        return NO_CONTENT

    def toxics(self, names: Names, _body: bytes) -> Answer:
        """GET /proxies/{name}/toxics."""
        return value([toxic.show() for toxic in self.proxy(names[0]).chain.installed()])

    def add_toxic(self, names: Names, body: bytes) -> Answer:
        """POST /proxies/{name}/toxics."""
        return value(self.proxy(names[0]).chain.add(decode(body)).show())

    def toxic(self, names: Names, _body: bytes) -> Answer:
        """GET /proxies/{name}/toxics/{toxic}."""
        return value(self.proxy(names[0]).chain.get(names[1]).show())

    def update_toxic(self, names: Names, body: bytes) -> Answer:
        """PATCH or POST /proxies/{name}/toxics/{toxic}."""
        chain = self.proxy(names[0]).chain
        chain.get(names[1])
        return value(chain.update(names[1], decode(body)).show())

    def remove_toxic(self, names: Names, _body: bytes) -> Answer:
        """DELETE /proxies/{name}/toxics/{toxic}."""
        self.proxy(names[0]).chain.remove(names[1])
        return NO_CONTENT

    def _put(self, proxy: ListeningProxy, *, enabled: bool) -> ListeningProxy:
        existing = self._proxies.get(proxy.name)
        if existing is not None:
            if not existing.differs(proxy.listen, proxy.upstream):
                return existing
            existing.stop()
        if enabled:
            proxy.start()
        self._proxies[proxy.name] = proxy
        return proxy


class _Asked(NamedTuple):
    """The fields of a proxy that is asked for."""

    name: str
    listen: str
    upstream: str
    enabled: bool


def _asked(body: object) -> _Asked:
    """Return the fields of a proxy in a body; refuse those of another type."""
    given = fields(body)
    name, listen, upstream = (field(given, key, str, "") for key in ("name", "listen", "upstream"))
    enabled = field(given, "enabled", bool, True)  # noqa: FBT003 - a default value
    return _Asked(name, listen, upstream, enabled)


def _new_proxy(asked: _Asked, where: str = "") -> tuple[ListeningProxy, bool]:
    """Return the proxy that is asked for, and whether it is to be enabled."""
    if not asked.name:
        raise refusal.missing(f"name{where}")
    if not asked.upstream:
        raise refusal.missing(f"upstream{where}")
    return ListeningProxy(asked.name, asked.listen, asked.upstream), asked.enabled


def _shown(proxies: list[ListeningProxy]) -> list[dict[str, object]] | None:
    return [proxy.show() for proxy in proxies] or None


ROUTES: dict[tuple[str, ...], dict[str, Handler]] = {
    ("version",): {"GET": Api.version},
    ("reset",): {"POST": Api.reset},
    ("populate",): {"POST": Api.populate},
    ("proxies",): {"GET": Api.index, "POST": Api.create},
    ("proxies", "*"): {
        "GET": Api.show,
        "POST": Api.update,
        "PATCH": Api.update,
        "DELETE": Api.delete,
    },
    ("proxies", "*", "toxics"): {"GET": Api.toxics, "POST": Api.add_toxic},
    ("proxies", "*", "toxics", "*"): {
        "GET": Api.toxic,
        "POST": Api.update_toxic,
        "PATCH": Api.update_toxic,
        "DELETE": Api.remove_toxic,
    },
}


def _clean(path: str) -> str:
    """Return a path without empty parts and dots; a slash at its end stays."""
    clean = posixpath.normpath("/" + path.strip("/"))
    return clean + "/" if path.endswith("/") and clean != "/" else clean


def _route(path: str) -> tuple[Names, dict[str, Handler] | None]:
    parts = path.removeprefix("/").split("/")
    shape = tuple("*" if n % 2 else part for n, part in enumerate(parts))
    if not all(parts):
        return [], None
    return parts[1::2], ROUTES.get(shape)
