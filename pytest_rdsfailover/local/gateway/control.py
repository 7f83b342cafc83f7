"""The gateway's control socket: one JSON document a line, one answer for each."""

import asyncio
import json
import os
import traceback
from collections.abc import Callable
from typing import Any

from pytest_rdsfailover.local.gateway.player import Player
from pytest_rdsfailover.local.gateway.proxy.control import ProxyControl
from pytest_rdsfailover.local.gateway.proxy.rds_proxy import RdsProxy
from pytest_rdsfailover.local.gateway.router import READER
from pytest_rdsfailover.local.gateway.script import decode_steps
from pytest_rdsfailover.local.gateway.server import Gateway
from pytest_rdsfailover.model.errors import GatewayError

LONGEST = 1 << 20  # bytes of one request

Answer = dict[str, Any]


class Control:
    """What the test process can ask of the gateway."""

    def __init__(self, gateway: Gateway, player: Player, proxy: RdsProxy) -> None:
        self._gateway, self._player = gateway, player
        self._commands: dict[str, Callable[[Answer], Answer]] = {
            "ping": lambda _: {"pid": os.getpid()},
            "describe": self._describe,
            "play": self._play,
            "milestones": self._milestones,
            "plays": self._plays,
            "witness": self._witness,
            "sessions": self._sessions,
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
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # the client is gone, or its line too long: only its own connection ends
        finally:
            writer.close()

    def answer(self, line: bytes) -> Answer:
        """Return the answer to one request; `error` says why there is none."""
        try:
            request = json.loads(line)
            return self._commands[request["command"]](request)
        except GatewayError as error:
            return {"error": str(error)}
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            return {"error": f"not a request: {error!r}"}
        except Exception as error:  # noqa: BLE001 - who asks must hear of a fault of ours, too
            traceback.print_exc()  # into the gateway's log
            return {"error": f"the gateway failed: {error!r}"}

    def _describe(self, _: Answer) -> Answer:
        router = self._gateway.router
        return {
            "writer": router.writer,
            "dns": router.dns,
            "reader": router.choose(READER).id,
            "ports": self._gateway.ports,
            "playing": self._player.playing,
            "failures": self._player.failures,
            "instances": [
                {
                    "id": instance.id,
                    "role": "writer" if instance.writer else "reader",
                    "state": instance.state.value,
                    "sessions": instance.sessions,
                }
                for instance in router.instances.values()
            ],
        }

    def _play(self, request: Answer) -> Answer:
        steps = decode_steps(request["steps"])
        started = self._player.play(
            steps, request["read_only_error"], request.get("name", ""), request.get("dns_ttl", 0.0)
        )
        return {"started_ns": started}

    def _plays(self, _: Answer) -> Answer:
        latest = len(self._player.plays) - 1
        return {
            "plays": [
                {
                    "name": play.name,
                    "started_ns": play.started,
                    "target": play.target,
                    "victim": play.victim,
                    "dns_ttl": play.dns_ttl,
                    "over": number < latest or not self._player.playing,
                }
                for number, play in enumerate(self._player.plays)
            ]
        }

    def _witness(self, request: Answer) -> Answer:
        witness, mark = self._gateway.witness, request["mark"].encode()
        witness.watch(mark)
        return {"endpoints": witness.tell(mark)}

    def _sessions(self, request: Answer) -> Answer:
        links = self._gateway.links(request["endpoint"])
        left = [
            {
                "instance": link.instance.id,
                "since_ns": link.since,
                "refused_ns": link.refused,
                "refusals": link.session.answers.refusals,
                "error": link.session.answers.refusal,
            }
            for link in links
            if link.session.answers.refusals and not link.instance.writer
        ]
        return {"open": len(links), "left": left}

    def _milestones(self, request: Answer) -> Answer:
        number = request.get("play")
        marks = self._player.marks if number is None else self._player.plays[number].marks
        return {
            "milestones": [
                {"name": m.name, "at_ns": m.at, "planned_ns": m.planned, "instance": m.instance}
                for m in sorted(marks, key=lambda mark: mark.at)
            ]
        }
