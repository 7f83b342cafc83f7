"""The toxics of one proxy, in order, and the links that they act on."""

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_rdsfailover.local.toxiproxy import refusal
from pytest_rdsfailover.local.toxiproxy.body import field, fields, single
from pytest_rdsfailover.local.toxiproxy.link import Connection, Link
from pytest_rdsfailover.local.toxiproxy.refusal import Refusal
from pytest_rdsfailover.local.toxiproxy.toxic import StreamToxic
from pytest_rdsfailover.local.toxiproxy.toxics import KINDS

STREAMS = ("upstream", "downstream")


@dataclass(slots=True, eq=False)
class InstalledToxic:
    """A toxic with its place in a proxy. Links refer to it, so an update changes it in place."""

    name: str
    type: str
    stream: str
    toxicity: float
    toxic: StreamToxic

    def show(self) -> dict[str, object]:
        """Return the toxic as the REST API shows it."""
        return {
            "attributes": self.toxic.attributes(),
            "name": self.name,
            "type": self.type,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }


class Chain:
    """The toxics of both streams and the connections that they apply to."""

    def __init__(self) -> None:
        self._toxics: dict[str, list[InstalledToxic]] = {stream: [] for stream in STREAMS}
        self._connections: set[Connection] = set()

    def attach(self, connection: Connection) -> None:
        """Let a new connection flow through the toxics."""
        self._connections.add(connection)
        connection.start(self._toxics)

    def detach(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._connections.discard(connection)

    def close_connections(self) -> None:
        """Close every connection at once."""
        for connection in list(self._connections):
            connection.close()

    def installed(self) -> list[InstalledToxic]:
        """Return all toxics, those of the upstream first, in the order of their creation."""
        return [toxic for stream in STREAMS for toxic in self._toxics[stream]]

    def get(self, name: str) -> InstalledToxic:
        """Return the toxic of that name.

        Raises:
            Refusal: if there is no such toxic.
        """
        for toxic in self.installed():
            if toxic.name == name:
                return toxic
        raise Refusal(*refusal.TOXIC_NOT_FOUND)

    def add(self, body: object) -> InstalledToxic:
        """Install the toxic that a request describes, also on live connections.

        Raises:
            Refusal: if the description is wrong or the name is taken.
        """
        given = fields(body)
        kind = field(given, "type", str, "")
        stream = field(given, "stream", str, "downstream")
        toxicity = single(field(given, "toxicity", float, 1.0))
        name = field(given, "name", str, "") or f"{kind}_{stream}"
        if stream.lower() not in STREAMS:
            raise Refusal(*refusal.BAD_STREAM)
        if kind not in KINDS:
            raise Refusal(*refusal.BAD_TYPE)
        if any(toxic.name == name for toxic in self.installed()):
            raise Refusal(*refusal.TOXIC_EXISTS)
        toxic = _with_attributes(KINDS[kind](), given)
        installed = InstalledToxic(name, kind, stream, toxicity, toxic)
        self._toxics[stream.lower()].append(installed)
        for link in self._links(installed):
            link.add(installed)
        return installed

    def update(self, name: str, body: object) -> InstalledToxic:
        """Change attributes and toxicity of a toxic, also on live connections.

        Raises:
            Refusal: if there is no such toxic or the body is wrong.
        """
        installed = self.get(name)
        given = fields(body)
        toxicity = single(field(given, "toxicity", float, installed.toxicity))
        installed.toxic = _with_attributes(installed.toxic, given)
        installed.toxicity = toxicity
        for link in self._links(installed):
            link.update(installed)
        return installed

    def remove(self, name: str) -> None:
        """Take a toxic out, also of live connections.

        Raises:
            Refusal: if there is no such toxic.
        """
        installed = self.get(name)
        self._toxics[installed.stream.lower()].remove(installed)
        for link in self._links(installed):
            link.remove(installed)

    def clear(self) -> None:
        """Remove all toxics."""
        for toxic in self.installed():
            self.remove(toxic.name)

    def _links(self, installed: InstalledToxic) -> Iterable[Link]:
        stream = installed.stream.lower()
        return [connection.links[stream] for connection in list(self._connections)]


def _with_attributes(toxic: StreamToxic, given: dict[str, object]) -> StreamToxic:
    try:
        return toxic.with_attributes(fields(given.get("attributes", {})))
    except TypeError as error:
        raise refusal.bad_body(str(error)) from None
