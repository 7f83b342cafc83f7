"""The lag of a cluster's readers: keeps snapshots while there is a lag, and nothing without."""

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial

from pytest_rdsfailover.local.gateway.lag.reads import Read
from pytest_rdsfailover.local.gateway.lag.ring import SnapshotRing
from pytest_rdsfailover.local.gateway.lag.snapshot import Snapshot
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.sockets import Dial, GatewayConnection
from pytest_rdsfailover.local.gateway.tls import encrypt_for
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.mysql.auth import ClientIdentity
from pytest_rdsfailover.mysql.packets import ProtocolError, encode
from pytest_rdsfailover.mysql.responses import Command

BEGUN_WITHIN, LOOK_EVERY = 5.0, 0.005  # seconds
QUIT = encode(bytes((Command.QUIT,)))


class SnapshotLink(GatewayConnection):
    """The connection of a snapshot to the real server."""

    __slots__ = ("_gone", "snapshot")

    def __init__(
        self,
        who: ClientIdentity,
        names: tuple[bytes, ...],
        ready: Callable[[Snapshot], None],
    ) -> None:
        super().__init__()
        self._gone = False
        self.snapshot = Snapshot(who, names, self, ready, time.monotonic)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the server's greeting."""
        super().connection_made(transport)
        if self._gone:
            self.abort(reset=False)

    def data_received(self, data: bytes) -> None:
        """Hand received bytes to the snapshot."""
        if self._gone:
            return
        try:
            self.snapshot.from_server(data)
        except ProtocolError:
            self.end()

    def connection_lost(self, _: Exception | None) -> None:
        """End the snapshot."""
        self.end()

    def peer_ended(self) -> None:
        """End the snapshot."""
        self.end()

    def end(self) -> None:
        """Log out."""
        if not self._gone:
            self._gone = True
            self.snapshot.lost()
            self.write(bytearray(QUIT))
            self.close()


class ReplicaLag:
    """How far the readers of a cluster are behind, and the past that they show.

    Args:
        dial: opens a connection to the real server.
        secrets: returns who can be logged in as; other users see no lag.
        names: variables that make up a session's state.
        secure: the way to the server cannot be listened to, so it takes a password as it is.

    Attributes:
        seconds: how old what readers show is at least; 0 for the present.
        names: the same.
    """

    def __init__(
        self,
        dial: Dial,
        secrets: Callable[[], Collection[Secret]],
        names: tuple[bytes, ...],
        *,
        secure: bool,
    ) -> None:
        self.seconds, self.names = 0.0, names
        self._dial, self._secrets, self._secure = dial, secrets, secure
        self._rings: dict[str, SnapshotRing] = {}
        self._dialing: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def become(self, seconds: float) -> None:
        """Let what readers show be so old from now on.

        Raises:
            GatewayError: if the real server lets no snapshot be taken.
        """
        self.seconds = seconds
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not seconds:
            rings, self._rings = self._rings, {}
            for ring in rings.values():
                ring.end()
            return
        for secret in self._secrets():
            self._ring(secret.username)
        for ring in self._rings.values():
            ring.lag = seconds
        self._tick()
        await self._begun()

    def covers(self, user: str) -> bool:
        """Tell whether this user's reads lag."""
        return user in self._rings or self._identity(user) is not None

    def read(self, user: str, read: Read) -> None:
        """Have a read answered: by its snapshot if it has one, else by one as old as the lag."""
        self._ring(user).read(read)

    async def _begun(self) -> None:
        end = time.monotonic() + BEGUN_WITHIN
        while not all(ring.begun for ring in self._rings.values()):
            if time.monotonic() > end:
                raise GatewayError("the server lets no snapshot be taken, so readers cannot lag")
            await asyncio.sleep(LOOK_EVERY)

    def _ring(self, user: str) -> SnapshotRing:
        if user not in self._rings:
            ring = SnapshotRing(lambda: self._open(user, ring), time.monotonic, self.seconds)
            self._rings[user] = ring
            ring.tick()
        return self._rings[user]

    def _tick(self) -> None:
        rings = list(self._rings.values())
        every = min((ring.every for ring in rings), default=self.seconds)
        self._timer = asyncio.get_running_loop().call_later(every, self._tick)
        for ring in rings:
            ring.tick()

    def _identity(self, user: str) -> ClientIdentity | None:
        for secret in self._secrets():
            if secret.username == user:
                return ClientIdentity(
                    user=user.encode(),
                    password=secret.password.encode(),
                    secure=self._secure,
                    seal=encrypt_for,
                )
        return None

    def _open(self, user: str, ring: SnapshotRing) -> Snapshot:
        who = self._identity(user) or ClientIdentity(user=user.encode(), password=b"")
        link = SnapshotLink(who, self.names, partial(self._ready, ring))
        task = asyncio.get_running_loop().create_task(self._connect(link))
        self._dialing.add(task)
        task.add_done_callback(self._dialing.discard)
        return link.snapshot

    async def _connect(self, link: SnapshotLink) -> None:
        try:
            await self._dial(lambda: link)
        except OSError:
            link.end()

    def _ready(self, ring: SnapshotRing, snapshot: Snapshot) -> None:
        """Use a snapshot that is free: one of the present only when it has become old."""
        ring.ready(snapshot)
        if snapshot.since and not snapshot.ended:
            wait = snapshot.since + ring.lag - time.monotonic()
            if wait > 0:
                asyncio.get_running_loop().call_later(wait, ring.serve)
