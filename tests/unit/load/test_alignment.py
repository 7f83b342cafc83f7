"""The offset of two clocks is inside of the interval that round trips allow."""

import random
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.load import alignment
from pytest_rdsfailover.load.alignment import TICK, Offset, agreed, measured

MS, SECOND = 1_000_000, 1_000_000_000
EPOCH = 1_700_000_000 * SECOND


class World:
    """A clock of ours and a database's, and the way between them: time passes by answers only."""

    def __init__(self, skew, seed, *, there=1.0, back=1.0):
        self.now, self.skew = 77 * SECOND, skew
        self._chance, self._there, self._back = random.Random(seed), there, back

    def clock(self):
        return self.now

    def ask(self):
        self.now += round(self._chance.expovariate(1) * self._there * MS)
        said = (self.now + EPOCH + self.skew) // TICK * TICK
        self.now += round(self._chance.expovariate(1) * self._back * MS)
        return said


SKEWS = [sign * size * MS for size in (50, 200, 1000, 5000) for sign in (1, -1)]


@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("ways", [(1.0, 1.0), (5.0, 0.1), (0.1, 5.0)])
def test_a_planted_skew_is_inside_of_the_interval(skew, ways):
    for seed in range(100):
        world = World(skew, seed, there=ways[0], back=ways[1])
        found = measured(world.ask, world.clock)
        assert found.lower <= EPOCH + skew <= found.upper
        assert abs(found.middle - EPOCH - skew) <= found.error
        assert found.error < 2 * MS  # though one trip takes five on average


def test_more_round_trips_know_better():
    few = [measured(world.ask, world.clock, 2).error for world in (World(0, n) for n in range(50))]
    many = [measured(world.ask, world.clock).error for world in (World(0, n) for n in range(50))]
    assert sum(many) < sum(few) / 4


def test_a_clock_that_was_set_meanwhile_widens_the_interval():
    early, late = Offset(lower=0, upper=10), Offset(lower=500, upper=510)
    assert agreed([early, late]) == Offset(lower=0, upper=510)
    assert early.hull(late) == Offset(lower=0, upper=510)


def test_what_nobody_has_compared_for_long_is_less_certain():
    assert Offset(lower=0, upper=10).aged(60 * SECOND) == Offset(lower=-30 * MS, upper=30 * MS + 10)


def test_two_clocks_are_led_to_each_other_by_the_one_that_both_have_asked():
    function, invoker = World(300 * MS, 1), World(-2000 * MS, 2)
    to_reference = measured(function.ask, function.clock)
    shift = to_reference.to(measured(invoker.ask, invoker.clock))
    assert shift.lower <= 2300 * MS <= shift.upper
    assert shift.error <= to_reference.error + 2 * MS


@pytest.mark.parametrize(
    ("said", "nanoseconds"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC), SECOND + 5 * TICK),
        (datetime(2026, 11, 28, 2, 3, 4, 999_999, tzinfo=UTC), 1_795_831_384_999_999 * TICK),
    ],
)
def test_the_time_of_a_database_is_read_to_the_microsecond_wherever_this_machine_stands(
    said, nanoseconds
):
    asked = []
    cursor = SimpleNamespace(execute=asked.append, fetchone=lambda: (said,))

    assert alignment._now(cursor) == nanoseconds
    assert asked == ["SELECT UTC_TIMESTAMP(6)"]


def test_a_connection_that_asks_for_the_time_is_closed(monkeypatch):
    steps = []

    @contextmanager
    def cursor():
        yield SimpleNamespace(
            execute=lambda _: None, fetchone=lambda: (datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC),)
        )
        steps.append("cursor closed")

    monkeypatch.setattr(
        alignment.driver, "connect", lambda *_, **__: SimpleNamespace(cursor=cursor)
    )
    monkeypatch.setattr(alignment.driver, "close", lambda _: steps.append("closed"))
    found = alignment.aligned(None)

    assert steps == ["cursor closed", "closed"]
    assert found.lower <= 2 * SECOND - time.monotonic_ns() + found.error + SECOND


def test_what_held_before_a_load_and_what_holds_after_it_hold_over_all_of_it(monkeypatch):
    before = Offset(lower=0, upper=10)
    assert before.until_now(lambda: Offset(lower=5, upper=20), since=0) == Offset(lower=0, upper=20)

    def gone():
        raise ConnectionError("not back yet")

    monkeypatch.setattr(alignment, "time", SimpleNamespace(monotonic_ns=lambda: 62 * SECOND))
    assert before.until_now(gone, since=2 * SECOND) == before.aged(60 * SECOND)
    assert (before.middle, before.error) == (5, 5)
    assert Offset(lower=0, upper=11).error == 6  # never less than it is
