"""A link holds its source back while its destination is busy, and ends only what is drained."""

import pytest

from pytest_rdsfailover.local.toxiproxy.link import Link
from pytest_rdsfailover.local.toxiproxy.toxic import Chunk


class FakeWire:
    """A wire whose peer takes bytes when the test says so."""

    def __init__(self):
        self.busy = self.closed = False
        self.reading = True
        self.sent = b""

    def send(self, data):
        self.sent += data

    def pause(self):
        self.reading = False

    def resume(self):
        self.reading = True

    def close(self):
        self.closed = True


class FakeStage:
    """A toxic that keeps what it is given, until it is full."""

    def __init__(self, *, idle=False):
        self.idle, self.room = idle, True
        self.kept, self.stirred, self.ended, self.cancelled = [], 0, False, False

    def put(self, chunk):
        self.kept.append(chunk.data)

    def stir(self):
        self.stirred += 1

    def end(self):
        self.ended = True

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def link():
    return Link(FakeWire(), FakeWire())


def through(link, *stages):
    """Put stages into a link, as if toxics had been added."""
    link.stages.extend(stages)
    link._settle()
    return stages


def test_bytes_without_a_toxic_go_straight_on_and_a_free_way_is_not_held_back(link):
    link.feed(b"one")

    assert (link.dest.sent, link.source.reading) == (b"one", True)


def test_a_busy_destination_holds_the_source_back_until_it_is_drained(link):
    link.dest.busy = True
    link.feed(b"one")
    assert (link.dest.sent, link.source.reading) == (b"one", False)

    link.dest.busy = False
    link.drained()
    assert (link.source.reading, link.dest.closed) == (True, False)


def test_a_full_toxic_holds_the_source_back_until_it_has_room(link):
    (stage,) = through(link, FakeStage())
    link.feed(b"one")
    assert link.source.reading
    stage.room = False
    link.feed(b"two")
    assert (stage.kept, link.dest.sent, link.source.reading) == ([b"one", b"two"], b"", False)

    link.took(stage)
    assert link.source.reading


def test_room_is_told_to_the_toxic_before_and_idle_ones_are_passed_by(link):
    first, idle, last = through(link, FakeStage(), FakeStage(idle=True), FakeStage())
    link.source.pause()
    link.took(last)
    assert (first.stirred, idle.stirred, last.stirred, link.source.reading) == (1, 0, 0, False)

    link.drained()  # the last one is told that the destination has room
    assert (first.stirred, last.stirred) == (1, 1)


def test_a_toxic_has_room_behind_it_as_what_follows_has(link):
    first, _, last = through(link, FakeStage(), FakeStage(idle=True), FakeStage())
    assert link.has_room(first)
    last.room = False
    assert not link.has_room(first)

    assert link.has_room(last)
    link.dest.busy = True
    assert not link.has_room(last)


def test_the_end_waits_until_the_destination_is_drained(link):
    """A peer that has closed its half gets all that was sent before the other half is closed."""
    link.dest.busy = True
    link.end()
    assert not link.dest.closed

    link.dest.busy = False
    link.drained()
    assert link.dest.closed


def test_the_end_closes_a_destination_that_has_everything(link):
    link.end()

    assert link.dest.closed


def test_the_end_travels_through_the_toxics(link):
    first, last = through(link, FakeStage(), FakeStage())
    link.end()
    assert (first.ended, last.ended, link.dest.closed) == (True, False, False)
    link.end_after(first)
    assert (last.ended, link.dest.closed) == (True, False)
    link.end_after(last)
    assert link.dest.closed


def test_a_toxic_hands_on_to_the_next_one_and_the_last_to_the_destination(link):
    first, _, last = through(link, FakeStage(), FakeStage(idle=True), FakeStage())
    chunk = Chunk(b"one", 0.0)
    link.hand_on(first, chunk)
    assert (first.kept, last.kept, link.dest.sent) == ([], [b"one"], b"")
    link.hand_on(last, chunk)
    assert link.dest.sent == b"one"


def test_a_source_that_has_ended_is_read_no_more(link):
    (stage,) = through(link, FakeStage())
    link.end()
    link.source.pause()
    link.took(stage)

    assert not link.source.reading


def test_a_destination_that_is_closed_ends_all_toxics(link):
    stages = through(link, FakeStage(), FakeStage())
    link.abandon()

    assert all(stage.cancelled for stage in stages)
    assert link.stages == []
    link.feed(b"late")
    assert stages[0].kept == []
