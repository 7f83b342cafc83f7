"""The gateway's control socket: one JSON document a line, one answer for each."""

import asyncio
import json
import os
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from pytest_rdsfailover.local.gateway.blue_green import Deployments
from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoints
from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.lag.replica_lag import ReplicaLag
from pytest_rdsfailover.local.gateway.messages import (
    COMMAND,
    AnnounceBlueGreen,
    AskEndpoint,
    AskMilestones,
    AskPlays,
    AskTraffic,
    CreateBlueGreen,
    Done,
    FaultSettings,
    ForwardWrites,
    KnowRegions,
    Listening,
    Message,
    Milestones,
    NoAnswer,
    Plays,
    PlayScript,
    Pong,
    Started,
    TrafficByEndpoint,
)
from pytest_rdsfailover.local.gateway.player import Player
from pytest_rdsfailover.local.gateway.proxy.control import ProxyControl
from pytest_rdsfailover.local.gateway.proxy.rds_proxy import RdsProxy
from pytest_rdsfailover.local.gateway.router import READER
from pytest_rdsfailover.local.gateway.server import Gateway
from pytest_rdsfailover.local.gateway.views import (
    ClusterFigures,
    ClusterView,
    InstanceFigures,
    PlayView,
)
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.traffic import LeftSession, Sessions
from pytest_rdsfailover.model.typed import typed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Answer = DataclassInstance | Awaitable[DataclassInstance]

LONGEST = 1 << 20  # bytes of one request


class Control:
    """What the test process can ask of the gateway."""

    def __init__(
        self,
        gateway: Gateway,
        player: Player,
        proxy: RdsProxy,
        lag: ReplicaLag,
        blue_green: Deployments,
    ) -> None:
        self._gateway, self._player, self._proxy = gateway, player, proxy
        self._lag, self._blue_green = lag, blue_green
        self._commands: dict[str, Callable[[Message], Answer]] = {
            "ping": lambda _: Pong(pid=os.getpid()),
            "describe": self._describe,
            "play": self._play,
            "milestones": self._milestones,
            "plays": self._plays,
            "traffic": self._traffic,
            "sessions": self._sessions,
            "figures": self._figures,
            "faults": self._set_faults,
            "forward_writes": self._forward_writes,
            "regions": self._know_regions,
            "custom": lambda _: CustomEndpoints(endpoints=[*gateway.router.custom.values()]),
            "custom_set": self._set_custom,
            "blue_green_create": self._create_blue_green,
            "blue_green_announce": self._announce_blue_green,
            "blue_green_delete": self._delete_blue_green,
            **ProxyControl(proxy).commands,
        }

    async def listen(self, path: str) -> None:
        """Open the control socket, in a directory that is the caller's alone.

        Raises:
            GatewayError: if others could reach it.
        """
        directory = os.stat(os.path.dirname(path) or ".")  # noqa: PTH116, PTH120 - no Path needed
        if directory.st_mode & 0o077 or directory.st_uid != os.geteuid():
            raise GatewayError("the control socket's directory must be the user's own, mode 0700")
        await asyncio.start_unix_server(self._serve, path, limit=LONGEST)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(asdict(await self._answer(line))).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # the client is gone, or its line too long: only its own connection ends
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> "DataclassInstance":
        """Return the answer to one request."""
        try:
            message: Message = json.loads(line)
            answer = self._commands[typed(str, message[COMMAND])](message)
            return await answer if isinstance(answer, Awaitable) else answer
        except GatewayError as error:
            return NoAnswer(error=str(error))
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            return NoAnswer(error=f"not a request: {error!r}")
        except Exception as error:  # noqa: BLE001 - who asks must hear of a fault of ours, too
            traceback.print_exc()  # into the gateway's log
            return NoAnswer(error=f"the gateway failed: {error!r}")

    def _describe(self, _: Message) -> ClusterView:
        router = self._gateway.router
        return ClusterView(
            writer=router.writer,
            dns=router.dns,
            reader=router.choose(READER).id,
            ports=self._gateway.ports,
            playing=self._player.playing,
            busy=self._gateway.busy + self._proxy.busy,
            failures=self._player.failures,
            instances=router.views(),
            deployment=self._blue_green.view(),
            forwarding=router.volume.forwarding,
        )

    def _create_blue_green(self, message: Message) -> Listening:
        return Listening(ports=self._blue_green.create(typed(CreateBlueGreen, message)))

    def _announce_blue_green(self, message: Message) -> Done:
        self._blue_green.announce(dict(typed(AnnounceBlueGreen, message).hosts))
        return Done()

    def _delete_blue_green(self, _: Message) -> Done:
        self._blue_green.delete()
        return Done()

    def _play(self, message: Message) -> Started:
        script = typed(PlayScript, message)
        started = self._player.play(
            script.steps, script.read_only_error, script.name, script.dns_ttl
        )
        return Started(started=to_seconds(started))

    def _plays(self, message: Message) -> Plays:
        first, latest = typed(AskPlays, message).first, len(self._player.plays) - 1
        return Plays(
            plays=[
                PlayView(
                    name=play.name,
                    started=to_seconds(play.started),
                    target=play.target,
                    victim=play.victim,
                    dns_ttl=play.dns_ttl,
                    over=number < latest or not self._player.playing,
                )
                for number, play in enumerate(self._player.plays[first:], first)
            ]
        )

    def _traffic(self, message: Message) -> TrafficByEndpoint:
        witness, mark = self._gateway.witness, typed(AskTraffic, message).mark.encode()
        witness.watch(mark)
        return TrafficByEndpoint(endpoints=witness.tell(mark))

    def _sessions(self, message: Message) -> Sessions:
        links = self._gateway.links(typed(AskEndpoint, message).endpoint)
        left = [
            LeftSession(
                instance=link.instance.id,
                since=to_seconds(link.since),
                refused=to_seconds(link.refused),
                refusals=link.session.answers.refusals,
                error=link.session.answers.refusal,
            )
            for link in links
            if link.session.answers.refusals and not link.instance.writer
        ]
        return Sessions(open=len(links), left=left)

    async def _set_faults(self, message: Message) -> Done:
        faults, router = typed(FaultSettings, message), self._gateway.router
        crowded = {router.instance(name).id: most for name, most in faults.crowded.items()}
        for instance in router.instances.values():
            instance.most = crowded.get(instance.id)
        router.volume.full, router.volume.commit_delay = faults.full, faults.commit_delay
        self._proxy.look()  # who waited for a connection may have one now
        if faults.replica_lag != self._lag.seconds:
            router.volume.lag = self._lag if faults.replica_lag else None
            await self._lag.become(faults.replica_lag)
        return Done()

    def _forward_writes(self, message: Message) -> Done:
        self._gateway.forward(wanted=typed(ForwardWrites, message).wanted)
        return Done()

    def _know_regions(self, message: Message) -> Done:
        self._gateway.router.regions = typed(KnowRegions, message).regions
        return Done()

    def _set_custom(self, message: Message) -> Done:
        self._gateway.set_custom(typed(CustomEndpoints, message).endpoints)
        return Done()

    def _figures(self, _: Message) -> ClusterFigures:
        proxied = self._proxy.connections()
        return ClusterFigures(
            at=time.monotonic(),
            instances=[
                InstanceFigures(
                    id=instance.id,
                    writer=instance.writer,
                    up=instance.state is State.UP,
                    connections=instance.sessions + proxied[instance.id],
                    commits=instance.commits.count,
                    commit_time=to_seconds(instance.commits.duration),
                )
                for instance in self._gateway.router.instances.values()
            ],
            proxy={name: self._proxy.stats(name) for name in self._proxy.endpoints},
            replica_lag=self._gateway.router.volume.told_lag,
        )

    def _milestones(self, message: Message) -> Milestones:
        number = typed(AskMilestones, message).play
        marks = self._player.marks if number is None else self._player.plays[number].marks
        return Milestones(
            milestones=[
                Milestone(
                    name=mark.name,
                    at=to_seconds(mark.at),
                    planned=None if mark.planned is None else to_seconds(mark.planned),
                    instance=mark.instance,
                )
                for mark in sorted(marks, key=lambda mark: mark.at)
            ]
        )
