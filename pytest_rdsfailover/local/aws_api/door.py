"""A port at which the AWS API answers, and whose process starts when somebody first knocks there.

moto takes a second to import, and more memory than all the rest of a cluster together. Who never
asks the AWS API pays for neither.
"""

import asyncio
import contextlib
import socket
import threading
from urllib.parse import urlsplit

from pytest_rdsfailover.aws.client import ApiPlace
from pytest_rdsfailover.local.aws_api.client import ControlPlane
from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.model.errors import RdsFailoverError

BLOCK = 1 << 16  # bytes
BACKLOG = 100
ENDS_WITHIN = 5.0  # seconds


class Door:
    """Leads every connection to the AWS API's process; a context manager.

    Args:
        plane: the AWS API; its process is started for the first connection.

    Attributes:
        place: where clients ask, and with which credentials.

    Raises:
        RdsFailoverError: if no port is free.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._port = reserve_port()
        self._listener = socket.create_server(
            ("127.0.0.1", self._port.number), backlog=BACKLOG, reuse_port=False
        )
        self.place: ApiPlace = plane.place_at(self._port.number)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="rds-door", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the port and every connection; harmless the second time."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(ENDS_WITHIN)
        self._listener.close()
        self._port.release()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = asyncio.start_server(self._lead, sock=self._listener)
        server = self._loop.run_until_complete(serving)
        try:
            self._loop.run_forever()
        finally:
            server.close()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))  # lets them close their connections
            self._loop.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, RdsFailoverError):
            # That the process does not start is said by `ControlPlane.check`.
            place = await asyncio.to_thread(lambda: self._plane.place)
            port = urlsplit(place.url).port
            there, back = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(back):
                await asyncio.gather(_pump(reader, back), _pump(there, writer))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Pass on bytes until there are no more, then say so to the other side."""
    with contextlib.suppress(OSError):
        while block := await source.read(BLOCK):
            sink.write(block)
            await sink.drain()
    with contextlib.suppress(OSError):
        sink.write_eof()
