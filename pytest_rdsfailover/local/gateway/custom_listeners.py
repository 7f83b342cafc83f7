"""What listens for the clients of custom endpoints."""

import asyncio
import socket
from collections.abc import Callable, Sequence

from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.sockets import BACKLOG
from pytest_rdsfailover.model.errors import GatewayError


class CustomListeners:
    """Listens for the clients of custom endpoints.

    Args:
        accept: makes the connection of a new client, by the name of its endpoint.
    """

    def __init__(self, accept: Callable[[str], asyncio.BaseProtocol]) -> None:
        self._accept = accept
        self._servers: dict[tuple[str, str, int], asyncio.Task[asyncio.Server]] = {}

    def listen(self, endpoints: Sequence[CustomEndpoint]) -> None:
        """Listen at these endpoints from now on, and at no others; connections that exist stay.

        Raises:
            GatewayError: if an address cannot be had.
        """
        wanted = {(endpoint.name, endpoint.host, endpoint.port) for endpoint in endpoints}
        for place in self._servers.keys() - wanted:
            self._servers.pop(place).add_done_callback(lambda task: task.result().close())
        for name, host, port in wanted - self._servers.keys():
            try:
                raw = socket.create_server((host, port), backlog=BACKLOG)
            except OSError as error:
                raise GatewayError(f"{host}:{port} cannot be listened at: {error}") from error
            self._servers[name, host, port] = asyncio.ensure_future(self._serve(name, raw))

    async def _serve(self, name: str, raw: socket.socket) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: self._accept(name), sock=raw, backlog=BACKLOG)
