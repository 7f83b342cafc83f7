"""A blue/green switchover as a player plays it: its milestones, whom it hangs up on, what a guardrail stops."""

import asyncio
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway.fencing import Fencing
from pytest_rdsfailover.local.gateway.player import Player
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.script import SWITCHING, Step
from pytest_rdsfailover.model.errors import GatewayError

ONE = "instance-1"


class Deployment:
    """A switchover, the network, sessions and the proxy, which all note what they are asked."""

    serving = True

    def __init__(self, why=""):
        self.asked, self._why = [], why
        self.router = Router(2)

    async def act(self, action):
        self.asked.append(action)
        return f"did_{action}"

    async def held(self, seconds):
        self.asked.append(f"held {seconds}")
        if isinstance(self._why, Exception):
            raise self._why
        return self._why

    def cut(self, *_):
        return {7}

    def kill(self, threads):
        self.asked.append(f"kill {threads}")

    def alive(self, _):
        return set()

    def set_refused(self, _):
        pass

    def hang_up(self):
        self.asked.append("hang up")

    def reset_silent(self, instance):
        self.asked.append(f"reset silent {instance}")

    def follow(self):
        self.asked.append("follow")

    def play(self, *steps, proxy=True, deployed=True):
        player = Player(self.router, self, Fencing(self), self, self if proxy else None)
        player.deployment = self if deployed else None

        async def main():
            player.play([Step(at=0.0, instance=ONE, **step) for step in steps], 1290)
            await asyncio.wait([player._play])

        asyncio.run(main())
        return player


def acts(action):
    return {"action": action}


@pytest.mark.parametrize("action", SWITCHING)
def test_each_step_is_done_noted_and_ends_whom_it_must(action):
    world = Deployment()
    player = world.play(acts(action))

    silent = [f"reset silent {ONE}"] if action in ("switch", "roll_back") else []
    hung_up = ["hang up"] if action == "switch" else []
    assert world.asked == [action, *hung_up, *silent, "follow"]
    assert [(mark.name, mark.instance) for mark in player.marks] == [(f"did_{action}", ONE)]
    assert player.marks[0].planned == player.plays[0].started
    assert player.failures == []


def test_without_a_proxy_nobody_is_hung_up_on():
    world = Deployment()
    world.play(acts("switch"), proxy=False)

    assert world.asked == ["switch", f"reset silent {ONE}"]


@pytest.mark.parametrize("action", ["switch", "roll_back"])
def test_green_takes_over_when_nothing_of_blue_can_commit(action):
    world = Deployment()
    player = world.play({"action": "cut", "how": "close"}, acts(action))

    assert world.asked[:2] == ["kill {7}", action]
    assert [mark.name for mark in player.marks] == ["writer_cut", "fenced", f"did_{action}"]


def test_a_guardrail_that_holds_lets_the_script_go_on():
    world = Deployment()
    player = world.play({"action": "guard", "how": "12"}, acts("initiate"))

    assert world.asked == ["held 12", "initiate", "follow"]
    assert [mark.name for mark in player.marks] == ["did_initiate"]


@pytest.mark.parametrize(
    ("why", "told", "failures"),
    [
        ("long_write", "long_write", []),
        (GatewayError("gone"), "the server could not be asked", ["gone"]),
    ],
)
def test_a_guardrail_that_fails_or_cannot_be_told_ends_the_script(why, told, failures):
    world = Deployment(why)
    player = world.play({"action": "guard", "how": "0"}, acts("initiate"))

    assert world.asked == ["held 0", "follow"]
    assert [(mark.name, mark.instance) for mark in player.marks] == [("guardrail_failed", told)]
    assert player.failures == failures


@pytest.mark.parametrize("action", ["guard", *SWITCHING])
def test_without_a_deployment_no_step_of_it_is_played(action):
    world = Deployment()
    with pytest.raises(GatewayError, match="there is no blue/green deployment"):
        world.play({"action": action, "how": "0"}, deployed=False)
    assert world.asked == []


def test_one_that_is_deleted_meanwhile_is_told():
    world = Deployment()
    player = Player(world.router, world, Fencing(world), world)
    player.deployment = SimpleNamespace()

    async def main():
        player.play([Step(at=0.0, action="initiate", instance=ONE)], 1290)
        player.deployment = None
        await asyncio.wait([player._play])

    asyncio.run(main())
    assert player.failures == ["the blue/green deployment was deleted"]
