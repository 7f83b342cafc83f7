"""The offset of two clocks is inside of the interval that round trips allow."""

import random

import pytest

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
