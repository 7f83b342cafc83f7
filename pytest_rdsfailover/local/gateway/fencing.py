"""Waits until the server has ended what an instance's sessions were doing."""

import asyncio
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from pytest_rdsfailover.local.gateway.fence import Fence
from pytest_rdsfailover.model.errors import GatewayError

POLL = 0.001  # seconds between two looks
PATIENCE = 20.0  # seconds until a session that will not end is an error

T = TypeVar("T")


class KeptSessions(Protocol):
    """Sessions that a restart keeps.

    Attributes:
        lost: the threads of those that it ends.
    """

    lost: set[int]

    @property
    def busy(self) -> Collection[int]:
        """Return the threads whose statements are to be interrupted."""

    @property
    def settled(self) -> bool:
        """Tell whether nothing of them is on its way."""

    def renew(self) -> None:
        """Let them lose what a restart takes from them."""


class Fencing:
    """The server's side of a cut.

    Args:
        fence: the administrator's connection.
    """

    def __init__(self, fence: Fence) -> None:
        self._fence = fence
        # One thread, so that what is asked of the server is done in order.
        self._thread = ThreadPoolExecutor(1, "fence")

    async def open(self) -> None:
        """Connect to the server as administrator, so that the first cut need not.

        Raises:
            GatewayError: if the server cannot be reached.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._fence.open)

    async def end(self, name: str, threads: Collection[int]) -> None:
        """Kill an instance's sessions; return when none of them can commit any more.

        Raises:
            GatewayError: if one outlives that for too long.
        """
        await self._on(self._fence.kill, threads)
        deadline, left = time.monotonic() + PATIENCE, threads
        while left := await self._on(self._fence.alive, left):
            if time.monotonic() > deadline:
                raise GatewayError(f"{len(left)} sessions of {name} outlived {PATIENCE} s")
            await asyncio.sleep(POLL)

    async def abort(self, name: str, kept: KeptSessions) -> None:
        """Interrupt what kept sessions do; return when none of it can be committed any more.

        Raises:
            GatewayError: if a statement goes on for too long.
        """
        await self._on(self._fence.interrupt, kept.busy)
        await self._settle(name, kept)

    async def renew(self, name: str, kept: KeptSessions) -> None:
        """Let kept sessions lose what a restart takes from them; return when all have.

        Raises:
            GatewayError: if one takes too long.
        """
        kept.renew()
        await self._settle(name, kept)

    async def _settle(self, name: str, kept: KeptSessions) -> None:
        deadline = time.monotonic() + PATIENCE
        while not kept.settled:
            if time.monotonic() > deadline:
                raise GatewayError(f"sessions of {name} were busy for {PATIENCE} s")
            await asyncio.sleep(POLL)

    async def _on(self, work: Callable[[Collection[int]], T], threads: Collection[int]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, threads)
