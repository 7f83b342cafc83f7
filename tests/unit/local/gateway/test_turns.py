import asyncio
from functools import partial

import pytest

from pytest_rdsfailover.local.gateway.turns import Turns, event_loop

NEVER = 20.0  # seconds


@pytest.fixture
def turns():
    return Turns()


def run(turns, coroutine):
    with asyncio.Runner(loop_factory=partial(event_loop, turns)) as runner:
        return runner.run(coroutine)


def test_calls_are_made_once_in_order_when_the_turn_is_over(turns):
    made = []

    async def main():
        turns.at_end(lambda: made.append("first"))
        turns.at_end(lambda: made.append("second"))
        made.append("turn")
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    run(turns, main())

    assert made == ["turn", "first", "second"]


def test_a_call_that_gives_the_loop_work_does_not_wait_for_other_work(turns):
    async def main():
        loop, there = asyncio.get_running_loop(), asyncio.Event()
        alarm = loop.call_later(NEVER, there.set)
        turns.at_end(there.set)
        begun = loop.time()
        await there.wait()
        alarm.cancel()
        return loop.time() - begun

    assert run(turns, main()) < NEVER / 2


def test_a_call_made_by_a_call_comes_a_turn_later(turns):
    made = []

    def first():
        made.append("first")
        turns.at_end(lambda: made.append("second"))

    async def main():
        turns.at_end(first)
        await asyncio.sleep(0)
        seen = list(made)
        await asyncio.sleep(0)
        return seen

    assert run(turns, main()) == ["first"]
    assert made == ["first", "second"]


def test_what_a_call_raises_is_told_to_the_loop_and_ends_nothing(turns):
    told, made = [], []

    def broken():
        raise ZeroDivisionError

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
        turns.at_end(broken)
        turns.at_end(lambda: made.append("next"))
        await asyncio.sleep(0)

    run(turns, main())

    assert [type(error) for error in told] == [ZeroDivisionError]
    assert made == ["next"]
