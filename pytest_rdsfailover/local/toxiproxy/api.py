"""The REST API without HTTP: from method, path and body to status and answer."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from pytest_rdsfailover.local.toxiproxy import refusal
from pytest_rdsfailover.local.toxiproxy.body import decode, field, fields
from pytest_rdsfailover.local.toxiproxy.proxy import ListeningProxy
from pytest_rdsfailover.local.toxiproxy.refusal import Refusal

VERSION = "2.12.0+builtin"
"""The release of Toxiproxy that this server behaves like; the suffix tells the two apart."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body: a value for JSON, a text, or None for no body."""

    status: int
    body: object = None
    text: str | None = None


NO_CONTENT = Answer(204)
NOT_FOUND = Answer(404, text="404 page not found\n")
NOT_ALLOWED = Answer(405)

Names = list[str]
Handler = Callable[["Api", Names, bytes], Answer]


class Api:
    """All proxies, and what requests may do with them."""

    def __init__(self) -> None:
        self._proxies: dict[str, ListeningProxy] = {}

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Do what a request asks and answer it."""
        names, methods = _route(unquote(path))
        if methods is None:
            return NOT_FOUND
        handler = methods.get(method)
        if handler is None:
            return NOT_ALLOWED
        try:
            return handler(self, names, body)
        except Refusal as refused:
            return Answer(refused.status, {"error": refused.text, "status": refused.status})

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
        return Answer(200, {"version": VERSION})

    def reset(self, _names: Names, _body: bytes) -> Answer:
        """POST /reset: enable all proxies and remove all toxics."""
        for proxy in self._proxies.values():
            proxy.start()
            proxy.chain.clear()
        return NO_CONTENT

    def index(self, _names: Names, _body: bytes) -> Answer:
        """GET /proxies."""
        return Answer(200, {name: proxy.show() for name, proxy in sorted(self._proxies.items())})

    def create(self, _names: Names, body: bytes) -> Answer:
        """POST /proxies."""
        proxy, enabled = _new_proxy(decode(body))
        if proxy.name in self._proxies:
            raise Refusal(*refusal.PROXY_EXISTS)
        if enabled:
            proxy.start()
        self._proxies[proxy.name] = proxy
        return Answer(201, proxy.show())

    def populate(self, _names: Names, body: bytes) -> Answer:
        """POST /populate: create many proxies, replacing existing ones that differ."""
        done: list[ListeningProxy] = []
        try:
            entries = decode(body)
            if not isinstance(entries, list):
                raise refusal.bad_body(f"a list is needed, not {entries!r}")
            wanted = [_new_proxy(entry, f" at proxy {n}") for n, entry in enumerate(entries, 1)]
            for proxy, enabled in wanted:
                done.append(self._put(proxy, enabled=enabled))
        except Refusal as refused:
            error = {"error": refused.text, "status": refused.status}
            return Answer(refused.status, {**error, "proxies": _shown(done)})
        return Answer(201, {"proxies": _shown(done)})

    def show(self, names: Names, _body: bytes) -> Answer:
        """GET /proxies/{name}."""
        return Answer(200, self.proxy(names[0]).show())

    def update(self, names: Names, body: bytes) -> Answer:
        """PATCH or POST /proxies/{name}."""
        proxy = self.proxy(names[0])
        given = fields(decode(body))
        proxy.update(
            field(given, "listen", str, proxy.listen),
            field(given, "upstream", str, proxy.upstream),
            enabled=field(given, "enabled", bool, proxy.enabled),
        )
        return Answer(200, proxy.show())

    def delete(self, names: Names, _body: bytes) -> Answer:
        """DELETE /proxies/{name}."""
        self.proxy(names[0]).stop()
        del self._proxies[names[0]]
        return NO_CONTENT

    def toxics(self, names: Names, _body: bytes) -> Answer:
        """GET /proxies/{name}/toxics."""
        return Answer(200, [toxic.show() for toxic in self.proxy(names[0]).chain.installed()])

    def add_toxic(self, names: Names, body: bytes) -> Answer:
        """POST /proxies/{name}/toxics."""
        return Answer(200, self.proxy(names[0]).chain.add(decode(body)).show())

    def toxic(self, names: Names, _body: bytes) -> Answer:
        """GET /proxies/{name}/toxics/{toxic}."""
        return Answer(200, self.proxy(names[0]).chain.get(names[1]).show())

    def update_toxic(self, names: Names, body: bytes) -> Answer:
        """PATCH or POST /proxies/{name}/toxics/{toxic}."""
        chain = self.proxy(names[0]).chain
        chain.get(names[1])
        return Answer(200, chain.update(names[1], decode(body)).show())

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


def _new_proxy(body: object, where: str = "") -> tuple[ListeningProxy, bool]:
    """Return the proxy that a body describes, and whether it is to be enabled."""
    given = fields(body)
    name, listen, upstream = (field(given, key, str, "") for key in ("name", "listen", "upstream"))
    enabled = field(given, "enabled", bool, True)  # noqa: FBT003 - a default value
    if not name:
        raise refusal.missing(f"name{where}")
    if not upstream:
        raise refusal.missing(f"upstream{where}")
    return ListeningProxy(name, listen or ":0", upstream), enabled


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


def _route(path: str) -> tuple[Names, dict[str, Handler] | None]:
    parts = path.removeprefix("/").split("/")
    shape = tuple("*" if n % 2 else part for n, part in enumerate(parts))
    if not all(parts):
        return [], None
    return parts[1::2], ROUTES.get(shape)
