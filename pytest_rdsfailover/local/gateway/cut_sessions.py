"""The sessions of instances that were cut off, until nothing of them can commit any more."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from pytest_rdsfailover.local.gateway.actors import SessionCutter
from pytest_rdsfailover.local.gateway.fencing import Fencing

Work = Coroutine[Any, Any, None]


class CutSessions:
    """Cuts the sessions of instances off, and has them ended in the server.

    Args:
        sessions: all sessions.
        fencing: ends them in the server.
        fenced: is called with an instance's id once nothing of its sessions can commit.
    """

    def __init__(
        self, sessions: SessionCutter, fencing: Fencing, fenced: Callable[[str], None]
    ) -> None:
        self._sessions, self._fencing, self._fenced = sessions, fencing, fenced
        self._ends: dict[str, asyncio.Task[None]] = {}

    def cut(self, instance: str, how: str) -> "asyncio.Task[None]":
        """Cut an instance's sessions off now; return what is done when they can commit no more."""
        if how == "keep":
            work = self._renew(instance)
        else:
            work = self._end(instance, self._sessions.cut(instance, how))
        ends = asyncio.get_running_loop().create_task(_after(self._ends.get(instance), work))
        self._ends[instance] = ends
        return ends

    async def ended(self, instance: str) -> None:
        """Return when nothing of an instance can commit that was cut off."""
        if instance in self._ends:
            await asyncio.shield(self._ends[instance])

    async def all_ended(self) -> None:
        """Return when nothing that was cut off can commit any more."""
        await asyncio.gather(*(asyncio.shield(ends) for ends in self._ends.values()))

    async def _end(self, instance: str, threads: set[int]) -> None:
        await self._fencing.end(instance, threads)
        self._fenced(instance)

    def _renew(self, instance: str) -> Work:
        """Hold an instance's sessions now; return what makes them new."""
        kept = self._sessions.keep(instance)

        async def renew() -> None:
            await self._fencing.abort(instance, kept)
            await self._end(instance, kept.lost)
            await self._fencing.renew(instance, kept)

        return renew()


async def _after(before: "asyncio.Task[None] | None", work: Work) -> None:
    """Do some work when the work before it is done, however that ended."""
    if before is not None and not before.done():
        await asyncio.wait([before])
    await work
