"""Which environment does an invocation, and which ones are given up; the environments are stand-ins."""

import asyncio
from dataclasses import replace

import pytest

from pytest_rdsfailover.local.functions import fleet as fleets
from pytest_rdsfailover.local.functions.fleet import Concurrency, Fleet
from pytest_rdsfailover.local.functions.settings import FunctionSettings, InvocationAnswer, failed

SETTINGS = FunctionSettings(
    name="f", region="eu-west-1", runtime="python3.11", handler="a.b", role="r", code=None,
    sha256="", size=0, timeout=1,
)  # fmt: skip


class Environment:
    """An environment that answers at once, unless its class says otherwise."""

    def __init__(self, address, port, directory, lost):
        self.place, self.directory, self.lost = (address, port), directory, lost
        self.served, self.killed, self.log = 0, 0, b""

    async def start(self, handler, code, variables):
        self.started = handler, code, variables

    async def begun(self):
        return None

    async def invoke(self, invocation):
        self.served += 1
        self.log += b"line\n"
        return InvocationAnswer(payload=invocation.payload + invocation.client_context.encode())

    async def rested(self):
        return True

    def kill(self):
        self.killed += 1

    def log_size(self):
        return len(self.log)

    def log_since(self, size):
        return self.log[size:]


@pytest.fixture
def play(monkeypatch, tmp_path):
    """Play a scene with a fleet of environments of a class."""

    def played(scene, kind=Environment):
        made = []

        def environment(*arguments):
            made.append(kind(*arguments))
            return made[-1]

        monkeypatch.setattr(fleets, "ExecutionEnvironment", environment)

        async def run():
            fleet = Fleet(SETTINGS, tmp_path, 7, lambda _: {"A": "b"}, Concurrency())
            return await scene(fleet, made)

        return asyncio.run(run())

    return played


def test_the_last_one_that_came_to_rest_is_used_again(play):
    async def scene(fleet, made):
        first, second = await asyncio.gather(fleet.invoke(b"1"), fleet.invoke(b"2"))
        third = await fleet.invoke(b"3", "context")
        assert [one.payload for one in (first, second, third)] == [b"1", b"2", b"3context"]
        assert [one.served for one in made] == [1, 2]
        assert fleet.environments == made
        assert (b"Init Duration" in first.log, b"Init Duration" in third.log) == (True, False)
        assert third.log.count(b"line\n") == 1

    play(scene)


def test_each_has_an_address_of_its_own_on_loopback(play, monkeypatch):
    monkeypatch.setattr(fleets, "HANDS", iter([1, 255, 256, 65535]))

    async def scene(fleet, made):
        await asyncio.gather(*(fleet.invoke(b"") for _ in range(4)))
        assert [one.place for one in made] == [
            ("127.77.0.1", 7), ("127.77.0.255", 7), ("127.77.1.0", 7), ("127.77.255.255", 7),
        ]  # fmt: skip
        assert made[0].started == ("a.b", None, {"A": "b"})

    play(scene)


def test_one_that_has_ended_while_it_rested_is_forgotten(play):
    async def scene(fleet, made):
        await fleet.invoke(b"")
        made[0].lost(made[0])
        assert (fleet.environments, made[0].killed) == ([], 1)
        await fleet.invoke(b"")
        assert [one.served for one in made] == [1, 1]

    play(scene)


@pytest.mark.parametrize("used", [False, True])
def test_one_that_nobody_has_used_for_long_is_given_up(play, used):
    async def scene(fleet, made):
        await fleet.invoke(b"")
        served = made[0].served
        if used:
            await fleet.invoke(b"")
        fleet._expire(made[0], served)
        assert (fleet.environments == made, made[0].killed) == (used, not used)
        await fleet.invoke(b"")
        assert len(made) == (1 if used else 2)

    play(scene)


def test_environments_of_former_settings_are_used_no_more(play):
    async def scene(fleet, made):
        await fleet.invoke(b"")
        fleet.change(replace(SETTINGS, memory=256))
        assert (fleet.environments, made[0].killed) == ([], 1)
        answer = await fleet.invoke(b"")
        assert b"Memory Size: 256 MB" in answer.log
        fleet.close()
        assert (fleet.environments, made[1].killed) == ([], 1)

    play(scene)


@pytest.mark.parametrize("step", ["start", "begun"])
@pytest.mark.parametrize("error", [OSError("no room"), asyncio.CancelledError()])
def test_one_that_cannot_begin_is_ended_and_the_error_goes_on(play, step, error):
    async def fail(*_):
        raise error

    async def scene(fleet, made):
        with pytest.raises(type(error)):
            await fleet.invoke(b"")
        assert (fleet.environments, made[0].killed) == ([], 1)
        assert fleet._concurrency.running == {"f": 0}

    play(scene, type("Broken", (Environment,), {step: fail}))


def test_one_that_says_why_it_cannot_begin_is_ended_and_its_word_is_the_answer(play):
    async def begun(_):
        return failed("Runtime.ImportModuleError", "no module")

    async def scene(fleet, made):
        answer = await fleet.invoke(b"")
        assert b"no module" in answer.payload
        assert (fleet.environments, made[0].killed) == ([], 1)

    play(scene, type("Broken", (Environment,), {"begun": begun}))


@pytest.mark.parametrize("step", ["begun", "invoke", "rested"])
def test_one_that_takes_too_long_is_ended(play, monkeypatch, step):
    monkeypatch.setattr(fleets, "INIT_WITHIN", 0.0)

    async def hang(*_):
        await asyncio.sleep(60)

    async def scene(fleet, made):
        fleet.settings = replace(SETTINGS, timeout=0.05)
        answer = await fleet.invoke(b"")
        assert (b"Sandbox.Timedout" in answer.payload) is (step != "rested")
        assert (fleet.environments, made[0].killed) == ([], 1)

    play(scene, type("Slow", (Environment,), {step: hang}))


def test_one_that_ended_by_itself_is_not_kept(play):
    async def rested(_):
        return False

    async def scene(fleet, made):
        await fleet.invoke(b"")
        assert (fleet.environments, made[0].killed) == ([], 1)

    play(scene, type("Ended", (Environment,), {"rested": rested}))
