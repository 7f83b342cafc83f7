"""Each toxic on a pipe that keeps its own time."""

import asyncio
from dataclasses import fields
from types import SimpleNamespace
from typing import get_args

import pytest

from pytest_rdsfailover.local.toxiproxy.arguments import ToxicOptions, ToxicType
from pytest_rdsfailover.local.toxiproxy.toxic import Chunk, StreamToxic
from pytest_rdsfailover.local.toxiproxy.toxics import KINDS, latency, slicer


class FakePipe:
    """Chunks in, what was given and when out; time passes only when the toxic rests."""

    def __init__(self, *chunks):
        self.chunks = [Chunk(data, 0.0) for data in chunks]
        self.given = []
        self.time = 0.0
        self.passed = 0
        self.committed = False
        self.held = None

    async def take(self):
        assert self.held is None, "took another chunk before the last was dealt with"
        self.held = self.chunks.pop(0) if self.chunks else None
        return self.held

    async def give(self, size=None):
        part = self.held.data[:size]
        self.held.data = b"" if size is None else self.held.data[size:]
        self.passed += len(part)
        self.given.append((round(self.time, 3), part))
        if not self.held.data:
            self.held = None

    def drop(self):
        self.held = None

    async def rest(self, seconds):
        self.time += max(seconds, 0)

    async def hang(self):
        raise asyncio.CancelledError

    async def arrival(self, seconds):
        if not self.chunks:
            self.time += seconds
        return bool(self.chunks)

    def commit(self):
        self.committed = True
        self.held = None

    def now(self):
        return self.time


def treated(kind, *chunks, **attributes):
    pipe = FakePipe(*chunks)
    asyncio.run(KINDS[kind]().with_attributes(attributes).run(pipe))
    return pipe


def test_noop_passes_everything():
    assert treated("noop", b"a", b"b").given == [(0.0, b"a"), (0.0, b"b")]


def test_latency_counts_from_reception():
    assert treated("latency", b"a", b"b", latency=100).given == [(0.1, b"a"), (0.1, b"b")]


def test_jitter_stays_within_its_bounds():
    toxic = KINDS["latency"](latency=100, jitter=30)
    delays = [toxic.delay() for _ in range(1000)]

    assert 0.07 <= min(delays) < 0.08
    assert 0.12 < max(delays) <= 0.13


def test_bandwidth_sends_large_chunks_in_parts():
    pipe = treated("bandwidth", b"x" * 2500, rate=10)

    assert [(at, len(part)) for at, part in pipe.given] == [(0.1, 1000), (0.2, 1000), (0.25, 500)]
    assert pipe.time == pytest.approx(0.25, rel=1e-9)


class Sleepy(FakePipe):
    """Sleeps a tenth longer than it is told to, as a busy machine does."""

    async def rest(self, seconds):
        await super().rest(seconds * 1.1)


@pytest.mark.parametrize("size", [100, 1000, 32768])
def test_bandwidth_catches_up_with_what_was_slept_too_long(size):
    pipe = Sleepy(*[b"x" * size] * 200)
    asyncio.run(KINDS["bandwidth"](rate=1000).run(pipe))

    assert pipe.time == pytest.approx(200 * size / 1e6, rel=0.01)


def test_bandwidth_saves_nothing_up_while_nothing_comes():
    pipe = FakePipe(b"x" * 100, b"y" * 100)
    pipe.chunks[1].at = 5.0
    asyncio.run(KINDS["bandwidth"](rate=1).run(pipe))

    assert [at for at, _ in pipe.given] == [0.1, 5.1]


@pytest.mark.parametrize("now", [1.0, 1.25, 9.0])
def test_a_chunk_that_was_delayed_counts_as_received_that_much_later(now):
    chunk = Chunk(b"a", 1.0)
    pipe = FakePipe()
    pipe.chunks, pipe.time = [chunk], now
    asyncio.run(KINDS["latency"](latency=500).run(pipe))

    assert pipe.given == [(max(now, 1.5), b"a")]
    assert chunk.at == pytest.approx(1.0 + 1.5 - now)


def test_jitter_is_added_as_it_is_drawn_and_without_any_none_is(monkeypatch):
    drawn = []
    uniform = lambda *bounds: drawn.append(bounds) or bounds[1]  # noqa: E731
    monkeypatch.setattr(latency, "random", SimpleNamespace(uniform=uniform))
    delays = [KINDS["latency"](latency=100, jitter=jitter).delay() for jitter in (0, 1, 30)]
    assert (delays, drawn) == ([0.1, 0.101, 0.13], [(-1, 1), (-30, 30)])


@pytest.mark.parametrize(
    ("size", "average", "variation", "drawn", "pieces"),
    [
        (10, 3, 0, None, [2, 3, 2, 3]),
        (100, 40, 10, -10, [40, 20, 40]),
        (100, 40, 10, 9, [38, 21, 41]),
        (3, 1, 1, -1, [1, 2]),
        (4, 0, 3, 2, [3, 1]),
        (4, 1, 1, -1, [1, 1, 2]),
        (13, 3, 10, None, [13]),
        (1, 0, 0, None, [1]),
    ],
)
def test_slicer_cuts_in_halves_that_vary_until_they_are_near_the_average(
    monkeypatch, size, average, variation, drawn, pieces
):
    def draw(low, high):
        assert (low, high) == (-variation, variation)
        return drawn

    monkeypatch.setattr(slicer, "random", SimpleNamespace(randrange=draw))
    toxic = KINDS["slicer"](average_size=average, size_variation=variation)
    assert list(toxic.pieces(size)) == pieces


def test_a_timeout_of_nothing_ends_with_the_sender_only_and_any_other_in_silence():
    class Patient(FakePipe):
        async def arrival(self, seconds):
            assert seconds > 0
            return await super().arrival(seconds)

    for timeout, ended in ((0, 0.0), (-1, 0.0), (1, 0.001)):
        pipe = Patient(b"a", b"b")
        asyncio.run(KINDS["timeout"](timeout=timeout).run(pipe))
        assert (pipe.given, pipe.chunks, pipe.time) == ([], [], ended)


@pytest.mark.parametrize("name", KINDS)
def test_what_a_toxic_is_not_told_is_nothing(name):
    assert set(KINDS[name]().attributes().values()) <= {0}


def test_no_bandwidth_gives_nothing():
    with pytest.raises(asyncio.CancelledError):
        treated("bandwidth", b"x", rate=0)


def test_slow_close_rests_at_the_end():
    pipe = treated("slow_close", b"a", delay=500)

    assert (pipe.given, pipe.time) == ([(0.0, b"a")], 0.5)


def test_timeout_drops_and_waits_for_silence():
    pipe = treated("timeout", b"a", b"b", timeout=200)

    assert (pipe.given, pipe.time) == ([], 0.2)


def test_reset_peer_commits_before_it_rests():
    pipe = treated("reset_peer", b"a", b"b", timeout=300)

    assert (pipe.given, pipe.time, pipe.committed) == ([], 0.3, True)


@pytest.mark.parametrize(("average", "variation"), [(10, 0), (10, 5), (1, 0), (0, 0), (5, 50)])
def test_slicer_cuts_without_losing_a_byte(average, variation):
    data = bytes(range(256))
    pipe = treated("slicer", data, average_size=average, size_variation=variation, delay=1000)
    pieces = [part for _, part in pipe.given]

    assert b"".join(pieces) == data
    assert all(pieces)
    assert max(map(len, pieces)) <= max(average + variation, 1)
    assert pipe.time == pytest.approx(0.001 * len(pieces), rel=1e-9)


def test_limit_data_ends_at_the_byte():
    assert treated("limit_data", b"aaa", b"bbb", b"c", bytes=4).given == [(0, b"aaa"), (0, b"b")]


def test_a_limit_of_zero_gives_nothing():
    assert treated("limit_data", b"aaa", bytes=0).given == []


@pytest.mark.parametrize("value", [1.5, "1", True, [1], 2**63, -(2**63) - 1])
def test_attributes_are_integers(value):
    with pytest.raises(TypeError, match="latency"):
        KINDS["latency"]().with_attributes({"latency": value})


def test_attributes_that_a_toxic_has_not_or_that_are_null_change_nothing():
    toxic = KINDS["latency"](latency=1, jitter=2)
    assert toxic.with_attributes({"latency": None, "rate": 7}) == toxic
    for most in (2**63 - 1, -(2**63)):
        assert toxic.with_attributes({"jitter": most}).attributes() == {
            "latency": 1,
            "jitter": most,
        }


def test_what_a_toxic_does_to_its_link_beside_its_bytes():
    flags = {
        name: (kind.buffered, kind.resets, kind.removal_closes) for name, kind in KINDS.items()
    }
    usual = (1, False, False)
    assert flags == dict.fromkeys(KINDS, usual) | {
        "latency": (1024, False, False), "reset_peer": (1, True, False), "timeout": (1, False, True),
    }  # fmt: skip


def test_a_toxic_must_say_what_it_does():
    with pytest.raises(NotImplementedError):
        asyncio.run(StreamToxic().run(FakePipe()))


def test_what_checkers_take_of_a_toxic_is_what_toxics_have():
    assert sorted(get_args(ToxicType)) == sorted(KINDS)
    attributes = {field.name for kind in KINDS.values() for field in fields(kind)}
    assert set(ToxicOptions.__annotations__) == attributes | {"stream", "toxicity"}
