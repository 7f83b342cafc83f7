"""One proxy: a listener, an upstream, and the connections between them."""

import asyncio
import contextlib
import socket

from pytest_rdsfailover.local.toxiproxy.address import Resolved, resolve, split, text
from pytest_rdsfailover.local.toxiproxy.chain import Chain
from pytest_rdsfailover.local.toxiproxy.link import Connection
from pytest_rdsfailover.local.toxiproxy.refusal import system

BACKLOG = 4096
ACCEPT_AT_ONCE = 100
EVERYWHERE = ("::", "0.0.0.0")  # noqa: S104 - to be told from others
NAMES = {"127.0.0.1": ("", "localhost"), "::1": ("localhost",)}


class ListeningProxy:
    """Accepts clients on `listen` and connects each to `upstream`, while it is enabled.

    When `start` returns, the port is bound. When `stop` returns, the listener and every connection
    are closed.
    """

    def __init__(self, name: str, listen: str, upstream: str) -> None:
        self.name, self.listen, self.upstream = name, listen, upstream
        self.chain = Chain()
        self._listener: socket.socket | None = None
        self._opening: dict[asyncio.Task[None], socket.socket] = {}

    @property
    def enabled(self) -> bool:
        """Whether the proxy listens."""
        return self._listener is not None

    def show(self) -> dict[str, object]:
        """Return the proxy as the REST API shows it."""
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "Logger": {},
            "toxics": [toxic.show() for toxic in self.chain.installed()],
        }

    def start(self) -> None:
        """Bind and listen; do nothing if the proxy listens already.

        Raises:
            Refusal: with the reason if the address cannot be bound.
        """
        if self._listener is not None:
            return
        listener = _listen(self.listen)
        self._listener = listener
        self.listen = text(listener.getsockname())
        LISTENING.add(self)
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept)

    def stop(self) -> None:
        """Close the listener and every connection."""
        if self._listener is None:
            return
        asyncio.get_running_loop().remove_reader(self._listener.fileno())
        self._listener.close()
        self._listener = None
        LISTENING.discard(self)
        for task, client in self._opening.items():
            task.cancel()
            client.close()
        self.chain.close_connections()

    def differs(self, listen: str, upstream: str) -> bool:
        """Return whether these addresses are others than the proxy has.

        Raises:
            Refusal: if *listen* is no address.
        """
        try:
            resolved = text(resolve(listen)[1])
        except ValueError as error:
            raise system(error) from None
        return (self.listen, self.upstream) != (resolved, upstream)

    def update(self, listen: str, upstream: str, *, enabled: bool) -> None:
        """Change what differs; a changed address ends every connection and starts anew.

        Raises:
            Refusal: if *listen* is no address or cannot be bound.
        """
        if self.differs(listen, upstream):
            self.stop()
            self.listen, self.upstream = listen, upstream
        if enabled:
            self.start()
        else:
            self.stop()

    def _accept(self) -> None:
        for _ in range(ACCEPT_AT_ONCE):
            if self._listener is None:
                return
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            client.settimeout(0)
            task = asyncio.get_running_loop().create_task(self._open(client))
            self._opening[task] = client
            task.add_done_callback(lambda done: self._opening.pop(done, None))

    def _leads_to_itself(self) -> bool:
        """Tell whether a connection would come back here, by whichever proxies of this server."""
        seen: list[ListeningProxy] = []
        proxy: ListeningProxy | None = self
        while proxy is not None and proxy not in seen:
            seen.append(proxy)
            proxy = _proxy_at(proxy.upstream)
        return proxy is not None

    async def _open(self, client: socket.socket) -> None:
        try:
            if self._leads_to_itself():
                client.close()
                return
            upstream = await _dial(self.upstream)
        except (OSError, ValueError):
            client.close()
            return
        self.chain.attach(Connection(client, upstream, self.chain.detach))


LISTENING: set[ListeningProxy] = set()


def _proxy_at(address: str) -> ListeningProxy | None:
    """Return the proxy of this server that listens on an address; None if none does."""
    host, port = split(address)
    for proxy in LISTENING:
        own, number = split(proxy.listen)
        if number == port and (host == own or own in EVERYWHERE or host in NAMES.get(own, ())):
            return proxy
    return None


def _listen(address: str) -> socket.socket:
    try:
        family, resolved = resolve(address)
    except ValueError as error:
        raise system(ValueError(f"listen tcp: {error}")) from None
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.settimeout(0)
        listener.bind(resolved)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        place = text(resolved) if split(address)[0] else address
        raise system(OSError(f"listen tcp {place}: bind: {reason}")) from None
    return listener


async def _dial(address: str) -> socket.socket:
    loop = asyncio.get_running_loop()
    host, port = split(address)
    family, resolved = await _look_up(host or "127.0.0.1", port)
    upstream = socket.socket(family)
    upstream.settimeout(0)
    with contextlib.ExitStack() as undo:
        undo.callback(upstream.close)
        await loop.sock_connect(upstream, resolved)
        undo.pop_all()
    return upstream


async def _look_up(host: str, port: int) -> tuple[int, Resolved]:
    try:
        socket.inet_aton(host)
    except OSError:
        infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, resolved = min(infos, key=lambda info: info[0])
        return family, (str(resolved[0]), int(resolved[1]))
    return socket.AF_INET, (host, port)
