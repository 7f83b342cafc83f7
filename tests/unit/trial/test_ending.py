"""When an observation ends, and when the connections of its writers are looked at."""

import gc
import math
import weakref
from types import SimpleNamespace

import pytest
from clocks import SteppingClock
from quiet_loads import PLACE

from pytest_rdsfailover.model.traffic import LeftSession, Sessions
from pytest_rdsfailover.trial.ending import HANG_UP, NOTICED, Ending
from pytest_rdsfailover.trial.plan import Plan

LEFT = Sessions(
    open=2, left=[LeftSession(instance="i", since=1.0, refused=2.0, refusals=3, error=1836)]
)
NONE = Sessions(open=1, left=[])
FUNCTIONS = Plan(writers=1, rate=1.0, functions=2, function="load")


class Load:
    """A load that is over at a moment, and may be waited for longer than that."""

    def __init__(self, clock, ends=None, late=0.0):
        self.ends, self._clock, self._late = ends, clock, late

    def wait(self, look, until=math.inf):
        look()
        self._clock.moment = max(self._clock.moment, min(until, self.ends + self._late))


def ended(ends=None, *, late=0.0, unfit=False, plan=None, sessions=(NONE,), recovers=5.0):
    """Return what an ending comes to, when connections were looked at, and how often the load."""
    clock, looked, looks = SteppingClock(10.0), [], []
    left = list(sessions)

    def asked(name):
        assert name == PLACE.name
        looked.append(clock.now())
        return left.pop(0)

    recovery = SimpleNamespace(wait=lambda _, __, *, look: (look(), clock.sleep(recovers)))
    ending = Ending(
        Load(clock, ends, late), recovery, SimpleNamespace(sessions=asked), PLACE,
        plan or Plan(writers=1, rate=1.0), clock,
    )  # fmt: skip
    found = ending.wait(None, lambda: looks.append(clock.now()), unfit=unfit)
    return found, looked, len(looks)


def test_a_load_that_goes_on_ends_when_all_is_well_with_its_writers_still_connected():
    assert ended() == ((15.0, NONE), [15.0], 1)


def test_functions_are_looked_at_just_before_they_hang_up():
    assert ended(20.0, late=1.0, plan=FUNCTIONS) == ((20.0, NONE), [20.0 - HANG_UP], 2)


def test_functions_that_ended_before_anybody_looked_have_hung_up():
    assert ended(9.0, plan=FUNCTIONS) == ((9.0, None), [10.0], 2)


def test_nothing_is_waited_for_where_nothing_was_triggered():
    assert ended(20.0, unfit=True, plan=FUNCTIONS) == ((10.0, None), [], 0)


@pytest.mark.parametrize(
    ("plan", "sessions", "found"),
    [
        (Plan(writers=1, rate=1.0), (LEFT, NONE), NONE),
        (Plan(writers=1, rate=1.0), (LEFT, LEFT), LEFT),
        (Plan(writers=2, rate=1.0, processes=2), (LEFT, NONE), LEFT),
    ],
    ids=["an application's own garbage", "what it holds", "whose garbage is in other processes"],
)
def test_a_connection_that_was_only_forgotten_is_not_counted(plan, sessions, found):
    class Ring:
        def __init__(self):
            self.itself = self

    alive = weakref.ref(Ring())
    gc.disable()
    try:
        (stop, told), looked, _ = ended(plan=plan, sessions=sessions)
    finally:
        gc.enable()

    assert (stop, told) == (15.0, found)
    assert looked == ([15.0, 15.0 + NOTICED] if plan.is_here else [15.0])
    assert (alive() is None) is plan.is_here


def test_who_cannot_be_asked_tells_of_no_connection():
    assert ended(sessions=(None,)) == ((15.0, None), [15.0], 1)
