"""Plays a failover step by step on the gateway's clock, and notes when each had happened."""

import asyncio
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from pytest_rdsfailover.local.gateway.actors import Follower, SessionCutter, Switchable
from pytest_rdsfailover.local.gateway.cut_sessions import CutSessions, Work
from pytest_rdsfailover.local.gateway.fencing import Fencing
from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.network import NetworkSwitch
from pytest_rdsfailover.local.gateway.roles import READ_ONLY
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.script import SWITCHING, Mark, Play, Step
from pytest_rdsfailover.model.clock import to_nanoseconds, to_seconds
from pytest_rdsfailover.model.errors import GatewayError

POLL = 0.001  # seconds between two looks
DOWN = {
    "reset": State.REFUSING, "close": State.REFUSING, "hang": State.SILENT, "keep": State.WAITING,
}  # fmt: skip
PATIENCE = 20.0  # seconds until a proxy that finds no writer is an error


class Player:
    """Plays one script after another.

    Attributes:
        deployment: the blue/green deployment that a switchover is played on; None without one.
        plays: all scripts so far, in order.
        failures: what went wrong, of all scripts.
    """

    def __init__(
        self,
        router: Router,
        sessions: SessionCutter,
        fencing: Fencing,
        network: NetworkSwitch,
        proxy: Follower | None = None,
        *,
        usual_error: int = 1290,
    ) -> None:
        self.deployment: Switchable | None = None
        self.plays: list[Play] = []
        self.failures: list[str] = []
        self._router, self._sessions = router, sessions
        self._fencing, self._network, self._proxy = fencing, network, proxy
        self._cut_off = CutSessions(
            sessions, fencing, lambda name: self._mark("fenced", None, name)
        )
        self._usual_error = usual_error  # what readers answer to writes, outside of a script
        self._error = usual_error
        self._play: asyncio.Task[None] | None = None
        self._wire = ThreadPoolExecutor(1, "network")  # what is asked of it is done in order

    @property
    def marks(self) -> list[Mark]:
        """Return the milestones of the latest script."""
        return self.plays[-1].marks if self.plays else []

    @property
    def playing(self) -> bool:
        """Tell whether a script is on."""
        return self._play is not None and not self._play.done()

    async def ready(self) -> None:
        """Connect to the server as administrator, so that the first cut need not.

        Raises:
            GatewayError: if the server cannot be reached.
        """
        await self._fencing.open()

    def play(
        self, steps: Sequence[Step], read_only_error: int, name: str = "", dns_ttl: float = 0.0
    ) -> int:
        """Start a script; return the nanosecond that its offsets count from.

        Raises:
            GatewayError: if one is on, or it makes no sense for the cluster as it is.
        """
        started = time.monotonic_ns()
        if self.playing:
            raise GatewayError("a script is being played; wait for its end")
        if read_only_error not in READ_ONLY:
            raise GatewayError(f"a reader answers 1290 or 1836, not {read_only_error!r}")
        ordered = sorted(steps, key=lambda step: step.at)
        self._check(ordered)
        for instance in self._router.instances.values():
            instance.read_only_error = self._usual_error
        self._error = read_only_error
        promoted = [step.instance for step in ordered if step.action == "promote"]
        cut = [step.instance for step in ordered if step.action == "cut"]
        self.plays.append(
            Play(
                name=name,
                started=started,
                target=promoted[-1] if promoted else None,
                victim=cut[0] if cut else None,
                dns_ttl=dns_ttl,
                marks=[],
            )
        )
        self._play = asyncio.get_running_loop().create_task(self._run(ordered, started))
        return started

    def _check(self, steps: Sequence[Step]) -> None:
        """Refuse a script that would leave two writers."""
        writer = self._router.writer
        down = {
            instance.id for instance in self._router.instances.values() if instance.state is not State.UP
        }  # fmt: skip
        for step in steps:
            name = self._router.instance(step.instance).id
            if step.action in ("guard", *SWITCHING) and self.deployment is None:
                raise GatewayError("there is no blue/green deployment; create one first")
            if step.action == "cut":
                down.add(name)
            elif step.action == "promote":
                if name != writer and writer not in down:
                    raise GatewayError(f"{writer} must be cut before {name} is promoted")
                writer = name

    async def _run(self, steps: Sequence[Step], started: int) -> None:
        """Play all steps, each at its moment, whatever became of those before it."""
        jobs: list[asyncio.Task[None]] = []
        for number, step in enumerate(steps):
            planned = started + to_nanoseconds(step.at)
            await asyncio.sleep(max(0.0, to_seconds(planned - time.monotonic_ns())))
            if step.action == "guard":
                if await self._held(step, planned):
                    break
                continue
            with self._noting(step):
                jobs += [
                    self._job(step, work) for work in self._begin(step, planned, steps[number:])
                ]
        await asyncio.gather(*jobs)
        if self._proxy is not None:
            with self._noting("at the end, let the proxy follow"):
                self._proxy.follow()  # a script that has no `follow` must not leave requests queued

    def _begin(self, step: Step, planned: int, ahead: Sequence[Step]) -> list[Work]:
        """Do what a step does at once; return what is left of it to do.

        Args:
            step: what happens.
            planned: at which nanosecond.
            ahead: the script from this step on.
        """
        name = step.instance
        if step.action == "cut":
            return self._cut(step, planned, deposed=_another_is_promoted(name, ahead))
        if step.action == "point":
            self._router.point(name)
            return [self._settle("dns_flip", planned, name)]
        if step.action in ("hold", "follow"):
            return [self._guide(step, planned)]
        if step.action in SWITCHING:
            return [self._switch_over(step, planned)]
        return [
            self._promote(step, planned) if step.action == "promote" else self._back(name, planned)
        ]

    async def _guide(self, step: Step, planned: int) -> None:
        """Let the proxy queue requests, or send them to the writer again once there is one."""
        proxy = self._proxy
        if proxy is None:
            return
        if step.action == "hold":
            proxy.hold(refuse=step.how == "error")
            self._mark("proxy_hold", planned, step.instance)
            return
        proxy.follow()
        deadline = time.monotonic() + PATIENCE
        while not proxy.serving:
            if time.monotonic() > deadline:
                raise GatewayError(f"the proxy found no writer within {PATIENCE} s")
            await asyncio.sleep(POLL)
        self._mark("proxy_follow", planned, step.instance)

    def _job(self, step: Step, work: Work) -> "asyncio.Task[None]":
        return asyncio.get_running_loop().create_task(self._guard(step, work))

    async def _guard(self, step: Step, work: Work) -> None:
        with self._noting(step):
            await work

    @contextmanager
    def _noting(self, what: Step | str) -> Iterator[None]:
        """Note what goes wrong as a failure that the test sees; the script goes on."""
        try:
            yield
        except GatewayError as error:
            self.failures.append(str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours, which must not look like the database's
            traceback.print_exc()  # into the gateway's log
            doing = what if isinstance(what, str) else f"{what.action} {what.instance}"
            self.failures.append(f"{doing}: {error!r}")

    def _cut(self, step: Step, planned: int, *, deposed: bool) -> list[Work]:
        """Cut an instance off now; return what waits for its fence and for the network."""
        name, how = step.instance, step.how or "reset"
        router = self._router
        was_writer = name == router.writer
        router.cut(name, DOWN[how])
        router.instance(name).read_only_error = self._error
        if was_writer and deposed:
            # A script may bring the instance back before its successor is promoted: it must not
            # write then.
            router.depose(name)
        asked = self._ask_network()
        ends = self._cut_off.cut(name, how)
        self._mark("writer_cut" if was_writer else "instance_cut", planned, name)
        return [self._wait(asked), self._wait(ends)]

    async def _wait(self, work: "asyncio.Future[None]") -> None:
        await asyncio.shield(work)

    async def _switch_over(self, step: Step, planned: int) -> None:
        """Do what a switchover's step says; green becomes the cluster once nothing of blue can commit."""
        ends = step.action in ("switch", "roll_back")
        if ends:
            await self._cut_off.all_ended()
        milestone = await self._twin().act(step.action)
        if step.action == "switch" and self._proxy is not None:
            self._proxy.hang_up()
        if ends:
            self._sessions.reset_silent(step.instance)  # the proxy looks for the writer then
        await self._settle(milestone, planned, step.instance)

    async def _held(self, step: Step, planned: int) -> bool:
        """Tell whether a guardrail fails, or cannot be told; nothing of the switchover happens then."""
        why = "the server could not be asked"
        with self._noting(step):
            why = await self._twin().held(int(step.how or 0))
        if why:
            self._mark("guardrail_failed", planned, why)
        return bool(why)

    def _twin(self) -> Switchable:
        """Return the blue/green deployment."""
        if self.deployment is None:
            raise GatewayError("the blue/green deployment was deleted")
        return self.deployment

    async def _promote(self, step: Step, planned: int) -> None:
        """Make an instance the writer once nothing of an old one can commit."""
        name = step.instance
        await self._cut_off.all_ended()
        self._router.promote(name, small=step.small, growth=step.growth)
        self._sessions.reset_silent(name)
        await self._settle("promoted", planned, name)

    async def _back(self, name: str, planned: int) -> None:
        """Let an instance accept connections again, once its old sessions are gone."""
        await self._cut_off.ended(name)
        former = not self._router.instance(name).writer and self.was_writer(name)
        self._router.back(name)
        self._sessions.go_on(name)
        self._sessions.reset_silent(name)
        await self._settle("old_writer_back" if former else "instance_back", planned, name)

    def was_writer(self, name: str) -> bool:
        """Tell whether an instance was cut as the writer in this script."""
        return any(mark.name == "writer_cut" and mark.instance == name for mark in self.marks)

    async def _settle(self, milestone: str, planned: int, name: str) -> None:
        """Note a milestone when the network knows of it."""
        try:
            await self._ask_network()
        finally:
            self._mark(milestone, planned, name)

    def _ask_network(self) -> "asyncio.Future[None]":
        return asyncio.get_running_loop().run_in_executor(
            self._wire, self._network.set_refused, self._router.refused()
        )

    def _mark(self, name: str, planned: int | None, instance: str) -> None:
        mark = Mark(name=name, at=time.monotonic_ns(), planned=planned, instance=instance)
        self.marks.append(mark)


def _another_is_promoted(instance: str, ahead: Sequence[Step]) -> bool:
    """Tell whether the rest of a script promotes another instance."""
    return any(step.action == "promote" and step.instance != instance for step in ahead)
