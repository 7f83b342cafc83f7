"""One toxic at work on one link, on a loop where time passes as soon as everybody waits."""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import pytest

from pytest_rdsfailover.local.toxiproxy import stage as module
from pytest_rdsfailover.local.toxiproxy.stage import Stage
from pytest_rdsfailover.local.toxiproxy.toxic import Chunk, StreamToxic
from pytest_rdsfailover.local.toxiproxy.toxics import KINDS


class Loop(asyncio.SelectorEventLoop):
    """Instead of waiting it lets its time pass."""

    def __init__(self):
        super().__init__()
        self.moment = 0.0
        select = self._selector.select

        def skip(timeout):
            assert timeout is not None, "everybody waits for ever"
            self.moment += timeout
            return select(0)

        self._selector.select = skip

    def time(self):
        return self.moment


class Line:
    """What follows and precedes a stage."""

    def __init__(self):
        self.room, self.told = True, []

    def has_room(self, _):
        return self.room

    def hand_on(self, _, chunk):
        self.told.append(chunk.data)

    def end_after(self, _):
        self.told.append("end")

    def took(self, _):
        self.told.append("took")


@dataclass(frozen=True)
class Script(StreamToxic):
    """Does what a test says."""

    buffered: ClassVar[int] = 2

    act: object = None

    async def run(self, pipe):
        await self.act(pipe)


async def hold(pipe):
    await pipe.take()
    await pipe.hang()


async def leave(pipe):
    await pipe.hang()


@pytest.fixture
def on(monkeypatch):
    """Run a test's steps with a stage; its toxicity is drawn against a half."""
    loop = Loop()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=loop.time))
    monkeypatch.setattr(module, "random", SimpleNamespace(random=lambda: 0.5))

    def run(toxic, steps, toxicity=1.0):
        toxic = toxic if isinstance(toxic, StreamToxic) else Script(act=toxic)
        stage = Stage(SimpleNamespace(toxic=toxic, toxicity=toxicity), Line())
        loop.run_until_complete(steps(stage, stage._line.told))
        stage.cancel()
        loop.run_until_complete(turns())

    yield run
    loop.close()


def stage_of(toxic):
    return Stage(SimpleNamespace(toxic=toxic, toxicity=1.0), Line())


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


def put(stage, *texts):
    for text in texts:
        stage.put(Chunk(text, 0.0))


@pytest.mark.parametrize(
    ("toxicity", "idle"), [(0.0, True), (0.5, True), (0.51, False), (1.0, False)]
)
def test_a_toxic_acts_on_a_link_if_the_draw_is_below_its_toxicity(on, toxicity, idle):
    async def steps(stage, _):
        assert stage.idle
        stage.start()
        assert stage.idle is idle
        await turns()

    on(leave, steps, toxicity)


def test_a_stage_that_draws_idle_hands_on_what_waits_and_tells_of_room_or_of_the_end(on):
    async def steps(stage, told):
        put(stage, b"a", b"b")
        stage.start()
        assert told == [b"a", b"b", "took"]
        put(stage, b"c")
        stage.end()
        stage.start()
        assert told[3:] == [b"c", "end"]

    on(leave, steps, 0.0)


def test_the_inbox_has_room_for_as_many_chunks_as_its_toxic_says():
    for toxic, size in ((KINDS["noop"](), 1), (Script(), 2)):
        stage = stage_of(toxic)
        for _ in range(size):
            assert stage.room
            put(stage, b"a")
        assert not stage.room
    assert KINDS["latency"].buffered == 1024


def test_a_toxic_waits_for_bytes_and_tells_whoever_comes_before_when_it_takes_them(on):
    async def steps(stage, told):
        stage.start()
        await turns()
        put(stage, b"a", b"b")
        assert told == []
        await turns()
        assert told == ["took", b"a", "took", b"b"]
        assert (stage.idle, stage.closed) == (False, False)

    on(KINDS["noop"](), steps)


def test_the_end_comes_behind_all_bytes_and_closes_the_stage(on):
    async def steps(stage, told):
        put(stage, b"a")
        stage.end()
        stage.start()
        await turns()
        assert told == ["took", b"a", "end"]
        assert (stage.closed, stage.idle) == (True, False)
        put(stage, b"late")
        assert stage.room
        assert not stage.interrupt()

    on(KINDS["noop"](), steps)


def test_the_end_of_a_stream_is_there_at_every_look(on):
    async def act(pipe):
        assert [await pipe.take(), await pipe.take()] == [None, None]
        assert await pipe.arrival(1)

    async def steps(stage, told):
        stage.start()
        await turns()
        stage.end()
        await turns()
        assert told == ["end"]

    on(act, steps)


def test_bytes_are_given_only_when_there_is_room_behind(on):
    async def steps(stage, told):
        stage._line.room = False
        put(stage, b"a")
        stage.start()
        await turns()
        assert told == ["took"]
        stage.stir()  # for whatever reason
        await turns()
        assert told == ["took"]
        stage._line.room = True
        stage.stir()
        stage.stir()
        await turns()
        assert told == ["took", b"a"]

    on(KINDS["noop"](), steps)


def test_parts_are_counted_and_what_is_left_stays_held_with_its_time(on):
    given = []

    async def act(pipe):
        await pipe.take()
        await pipe.give(2)
        given.append(pipe.passed)
        await pipe.give(1)
        await pipe.give()
        given.append(pipe.passed)
        await pipe.give()  # nothing is held any more
        await pipe.hang()

    async def steps(stage, told):
        stage._line.hand_on = lambda _, chunk: told.append((chunk.data, chunk.at))
        stage.put(Chunk(b"abcdef", 7.0))
        stage.start()
        await turns()
        assert told == ["took", (b"ab", 7.0), (b"c", 7.0), (b"def", 7.0)]
        assert given == [2, 6]
        assert stage.interrupt()
        assert len(told) == 4

    on(act, steps)


def test_what_was_given_to_the_last_byte_is_held_no_more(on):
    async def act(pipe):
        await pipe.take()
        await pipe.give(2)
        await pipe.hang()

    async def steps(stage, told):
        put(stage, b"ab")
        stage.start()
        await turns()
        assert stage.interrupt()
        assert told == ["took", b"ab"]

    on(act, steps)


def test_an_interrupted_toxic_hands_on_what_it_holds_once_and_can_start_again(on):
    async def steps(stage, told):
        put(stage, b"a", b"b")
        stage.start()
        await turns()
        assert stage.interrupt()
        assert told == ["took", b"a"]
        assert (stage.idle, stage.closed) == (True, False)
        assert stage.interrupt()
        assert told == ["took", b"a"]
        stage.start()
        await turns()
        assert told == ["took", b"a", "took"]

    on(hold, steps)


def test_what_was_dropped_is_not_handed_on(on):
    async def act(pipe):
        await pipe.take()
        pipe.drop()
        await pipe.hang()

    async def steps(stage, told):
        put(stage, b"a")
        stage.start()
        await turns()
        assert stage.interrupt()
        assert told == ["took"]

    on(act, steps)


def test_a_toxic_that_has_committed_is_not_interrupted_and_its_bytes_are_lost(on):
    async def steps(stage, told):
        put(stage, b"a")
        stage.start()
        await turns()
        assert not stage.interrupt()
        assert not stage.idle
        await asyncio.sleep(0.31)
        assert told == ["took", "end"]

    on(KINDS["reset_peer"](timeout=300), steps)


def test_closing_loses_what_was_not_handed_on_and_stops_the_toxic(on):
    async def steps(stage, told):
        put(stage, b"a", b"b", b"c")
        stage.start()
        await turns()
        task = stage._task
        stage.close()
        assert told == ["took", "end"]
        assert stage.room
        await turns()
        assert task.cancelled()
        assert not stage.interrupt()
        assert told == ["took", "end"]

    on(hold, steps)


def test_a_stage_that_was_cancelled_keeps_what_its_toxic_holds(on):
    async def steps(stage, told):
        put(stage, b"a")
        stage.start()
        await turns()
        task = stage._task
        stage.cancel()
        stage.cancel()
        await turns()
        assert (task.cancelled(), stage.idle, told) == (True, True, ["took"])

    on(hold, steps)


def test_a_toxic_that_returns_ends_the_stream_and_the_rest_is_lost(on):
    async def act(pipe):
        await pipe.take()

    async def steps(stage, told):
        put(stage, b"a", b"b")
        stage.start()
        await turns()
        assert told == ["took", "end"]
        assert stage.closed

    on(act, steps)


def test_a_rest_takes_its_time_and_none_at_all_if_there_is_none(on):
    async def steps(stage, _):
        for none in (0.0, -1.0):
            with pytest.raises(StopIteration):
                stage.rest(none).send(None)
        before = stage.now()
        await stage.rest(0.25)
        assert stage.now() - before == 0.25

    on(leave, steps)


def test_an_arrival_is_waited_for_as_long_as_said_and_no_longer(on):
    async def steps(stage, _):
        loop = asyncio.get_running_loop()
        assert not await stage.arrival(0.2)
        assert stage.now() == pytest.approx(0.2)
        loop.call_later(0.1, stage.stir)  # of nothing that arrives
        loop.call_later(0.3, put, stage, b"a")
        assert not await stage.arrival(0.2)
        assert stage.now() == pytest.approx(0.4)
        assert await stage.arrival(5)
        assert stage.now() == pytest.approx(0.5)
        assert await stage.arrival(5)
        assert stage.now() == pytest.approx(0.5)

    on(leave, steps)


def test_a_toxic_that_hangs_does_nothing_until_it_is_interrupted(on):
    async def steps(stage, told):
        put(stage, b"a")
        stage.end()
        stage.start()
        await asyncio.sleep(1000)
        assert told == []
        assert stage.interrupt()

    on(leave, steps)
