import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway import player as player_module
from pytest_rdsfailover.local.gateway.fencing import Fencing
from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.player import Player
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.model.errors import GatewayError

SCRIPT = [
    Step(at=0.0, action="hold", instance="instance-1", how="accept"),
    Step(at=0.0, action="cut", instance="instance-1", how="reset"),
    Step(at=0.0, action="promote", instance="instance-2"),
    Step(at=0.0, action="follow", instance="instance-2"),
    Step(at=0.0, action="point", instance="instance-2"),
    Step(at=0.0, action="back", instance="instance-1"),
]


class World:
    """All that a player plays on; one of its parts may be broken."""

    serving = True

    def __init__(self, broken="", error=None):
        self._broken, self._error = broken, error
        self.router = Router(2)
        for name in ("point", "promote", "back"):
            setattr(self.router, name, self._perhaps(name, getattr(self.router, name)))

    def _perhaps(self, name, work):
        def done(*given, **named):
            if name == self._broken:
                raise self._error
            return work(*given, **named)

        return done

    def __getattr__(self, name):
        answers = {
            "cut": {7}, "alive": set(), "kill": None, "set_refused": None, "reset_silent": None,
            "hold": None, "hang_up": None, "follow": None, "go_on": None,
        }  # fmt: skip
        if name not in answers:
            raise AttributeError(name)
        return self._perhaps(name, lambda *_, **__: answers[name])

    def play(self, script=SCRIPT):
        player = Player(self.router, self, Fencing(self), self, self)

        async def main():
            player.play(script, 1290)
            await asyncio.wait([player._play])

        asyncio.run(main())
        return player


def happened(player):
    return {mark.name for mark in player.marks}


def test_a_script_is_played_to_its_end():
    world = World()
    player = world.play()

    assert player.failures == []
    assert happened(player) == {
        "proxy_hold", "writer_cut", "fenced", "promoted", "proxy_follow", "dns_flip",
        "old_writer_back",
    }  # fmt: skip
    assert (world.router.writer, world.router.dns) == ("instance-2", "instance-2")


STEPS = {
    "hold": "hold instance-1", "cut": "cut instance-1", "kill": "cut instance-1",
    "alive": "cut instance-1", "set_refused": "cut instance-1", "promote": "promote instance-2",
    "reset_silent": "promote instance-2", "follow": "follow instance-2",
    "point": "point instance-2", "back": "back instance-1",
}  # fmt: skip


@pytest.mark.parametrize("part", STEPS)
def test_what_nobody_expected_is_told_and_the_script_goes_on(part, capsys):
    world = World(part, RuntimeError("planted"))
    player = world.play()

    assert f"{STEPS[part]}: RuntimeError('planted')" in player.failures
    assert "RuntimeError: planted" in capsys.readouterr().err  # where it came from, for the log
    assert not player.playing
    assert world.router.dns == ("instance-1" if part == "point" else "instance-2")


def test_what_has_happened_has_its_milestone_though_the_network_was_not_told():
    player = World("set_refused", RuntimeError("planted")).play()

    assert {"writer_cut", "promoted", "dns_flip", "old_writer_back"} <= happened(player)


def test_what_may_be_expected_is_told_in_its_own_words():
    player = World("kill", GatewayError("the server refused KILL")).play()

    assert set(player.failures) == {"the server refused KILL"}


def test_the_proxy_is_let_go_even_if_the_script_forgot():
    followed = []
    world = World()
    world.follow = lambda: followed.append(world.router.writer)
    world.play(SCRIPT[:3])

    assert followed == ["instance-2"]


def test_a_script_that_would_leave_two_writers_is_refused():
    with pytest.raises(GatewayError, match="must be cut"):
        World().play([Step(at=0.0, action="promote", instance="instance-2")])


def test_the_writer_is_deposed_when_another_follows_it():
    world = World()
    world.play(SCRIPT[1:2])
    assert world.router.instances["instance-1"].state is State.REFUSING
    assert world.router.instances["instance-1"].writer

    world = World()
    world.play([SCRIPT[1], SCRIPT[5], SCRIPT[2]])
    assert not world.router.instances["instance-1"].writer


class Watched(World):
    """A world that notes in which order its parts are asked; its sessions die hard."""

    def __init__(self, polls=3):
        super().__init__()
        self.asked, self._polls = [], polls
        for name in ("promote", "back"):
            setattr(self.router, name, self._noted(name, getattr(self.router, name)))

    def _noted(self, name, work):
        def done(instance, **more):
            self.asked.append(name)
            work(instance, **more)

        return done

    def alive(self, threads):
        assert threads == {7}
        self._polls -= 1
        self.asked.append("alive" if self._polls > 0 else "gone")
        return threads if self._polls > 0 else set()

    def kill(self, threads):
        self.asked.append(f"kill {threads}")

    def set_refused(self, refused):
        self.asked.append(f"network {sorted(refused)} {sorted(happened(self.player))}")

    def play(self, script):
        self.player = Player(self.router, self, Fencing(self), self, self)

        async def main():
            self.player.play(script, 1290)
            await asyncio.wait([self.player._play])

        asyncio.run(main())
        return self.player


@pytest.mark.parametrize("step", [SCRIPT[2], SCRIPT[5]], ids=["promote", "back"])
def test_nobody_writes_before_the_last_session_of_the_old_writer_is_gone(step):
    world = Watched()
    player = world.play([SCRIPT[1], step])

    order = [each for each in world.asked if not each.startswith("network")]
    assert order == ["kill {7}", "alive", "alive", "gone", step.action]
    assert player.failures == []
    names = [mark.name for mark in player.marks]
    assert names[:2] == ["writer_cut", "fenced"]
    assert names[2] == {"promote": "promoted", "back": "instance_back"}[step.action]


def test_a_second_cut_waits_for_the_fence_of_the_first():
    world = Watched(polls=4)
    world.play([SCRIPT[1], SCRIPT[1]])

    order = [each for each in world.asked if not each.startswith("network")]
    assert order == ["kill {7}", "alive", "alive", "alive", "gone", "kill {7}", "gone"]


@pytest.mark.parametrize(
    ("step", "milestone"),
    [(SCRIPT[2], "promoted"), (SCRIPT[4], "dns_flip"), (SCRIPT[5], "instance_back")],
)
def test_a_milestone_is_noted_once_the_network_knows(step, milestone):
    world = Watched(polls=1)
    player = world.play([SCRIPT[1], step])

    assert milestone in happened(player)
    seen = [each for each in world.asked if each.startswith("network")]
    assert len(seen) == 2  # of the cut, and of this
    assert not [each for each in seen if milestone in each]


def test_the_milestones_of_steps_that_are_due_say_when_they_were_planned():
    player = World().play([replace(SCRIPT[1], at=0.01), replace(SCRIPT[5], at=0.02)])

    planned = {mark.name: mark.planned for mark in player.marks}
    began = player.plays[-1].started
    assert planned["fenced"] is None
    assert planned["writer_cut"] == began + 10_000_000
    assert all(mark.at >= (mark.planned or 0) for mark in player.marks)


# What a script asks of its parts -----------------------------------------------------------------


class Noting(World):
    """A world whose parts note what they are asked, and keep sessions."""

    def __init__(self, *, serving=True):
        super().__init__()
        self.asked, self.serving = [], serving

    def __getattr__(self, name):
        answers = {"cut": set(), "alive": set()}
        if name.startswith("_") or name == "deployment":
            raise AttributeError(name)
        return lambda *given, **named: (
            self.asked.append((name, *given, *named.values())) or answers.get(name)
        )

    def keep(self, name):
        self.asked.append(("keep", name))
        return SimpleNamespace(
            lost=set(), busy={4}, settled=True, renew=lambda: self.asked.append(("renew",))
        )

    def of(self, *names):
        return [each for each in self.asked if each[0] in names]


def steps(*actions, **more):
    return [Step(at=0.0, action=action, instance="instance-1", **more) for action in actions]


@pytest.mark.parametrize(("how", "refuses"), [("error", True), ("accept", False)])
def test_a_proxy_is_held_as_the_step_says(how, refuses):
    world = Noting()
    world.play(steps("hold", how=how))
    assert world.of("hold") == [("hold", refuses)]


def test_a_proxy_that_finds_no_writer_is_waited_for_and_then_a_failure(monkeypatch):
    monkeypatch.setattr(player_module, "PATIENCE", 0.01)
    player = Noting(serving=False).play(steps("follow"))
    assert player.failures == ["the proxy found no writer within 0.01 s"]
    assert "proxy_follow" not in happened(player)


def test_an_instance_s_sessions_end_as_the_step_says():
    for how in ("reset", "close", "hang"):
        world = Noting()
        world.play(steps("cut", how=how))
        assert world.of("cut") == [("cut", "instance-1", how)]


def test_a_restart_keeps_sessions_interrupts_them_and_makes_them_new_in_that_order():
    world = Noting()
    world.play(steps("cut", "back", how="keep"))
    asked = [
        each[0] for each in world.of("keep", "interrupt", "kill", "renew", "go_on", "reset_silent")
    ]
    assert asked == ["keep", "interrupt", "kill", "renew", "go_on", "reset_silent"]
    assert world.of("go_on", "reset_silent") == [
        ("go_on", "instance-1"), ("reset_silent", "instance-1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("other", "deposed"),
    [("instance-2", True), (None, False)],
)
def test_a_writer_is_deposed_only_for_another(other, deposed):
    world = World()
    more = [Step(at=0.0, action="promote", instance=other)] if other else []
    back = Step(at=0.0, action="back", instance="instance-1")
    point = Step(at=0.0, action="point", instance="instance-2")
    world.play([SCRIPT[1], back, point, *more])
    assert world.router.instances["instance-1"].writer is not deposed


def test_a_writer_that_is_promoted_again_itself_is_not_deposed():
    world = World()
    seen = []
    world.router.depose = seen.append
    world.play([SCRIPT[1], Step(at=0.0, action="promote", instance="instance-1")])
    assert seen == []


def test_a_reader_answers_1290_or_1836_and_nothing_else():
    player = Player(Router(2), None, None, None)
    with pytest.raises(GatewayError, match="not 1792"):
        player.play(SCRIPT, 1792)
    assert player._usual_error == 1290
    assert player._wire._max_workers == 1


def test_a_script_s_name_is_remembered_for_no_time_unless_it_says_so():
    (play,) = World().play().plays
    assert (play.name, play.dns_ttl) == ("", 0.0)
