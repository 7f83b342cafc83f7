"""Holds back commands: those that commit, while storage is slow, and all of an instance that is small."""

import asyncio
from collections.abc import Callable

from pytest_rdsfailover.local.gateway.session import InstanceSession


class LateCommits:
    """Sends a session's commands to the server, some of them later.

    What a transaction has locked stays locked meanwhile, as it does while a real commit waits for its
    storage. A statement that commits by itself locks nothing before it is sent.

    Args:
        session: whose `to_server` is sent.
        write: sends bytes to the server, and clears them.
    """

    __slots__ = ("_session", "_waiting", "_write")

    def __init__(self, session: InstanceSession, write: Callable[[bytearray], None]) -> None:
        self._session, self._write = session, write
        self._waiting: asyncio.TimerHandle | None = None

    def send(self) -> None:
        """Send what there is, now or later."""
        if self._waiting is not None or not self._session.to_server:
            return
        delay = self._session.delay
        if delay:
            self._waiting = asyncio.get_running_loop().call_later(delay, self._send)
        else:
            self._write(self._session.to_server)

    def hurry(self) -> None:
        """Send what waits at once: its client has gone, but storage works on."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._send()

    def end(self) -> None:
        """Send nothing more of what waits: its instance has been cut off."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._session.to_server.clear()

    def _send(self) -> None:
        self._waiting = None
        self._write(self._session.to_server)
