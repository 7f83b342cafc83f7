"""When a load is well again, on a clock that passes only when somebody sleeps."""

from types import SimpleNamespace

import pytest
from clocks import SteppingClock

from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.trial.disturbances import Disturbances
from pytest_rdsfailover.trial.recovery import Recovery

QUIET, BOUND, SETTLED = 1.0, 20.0, 12.0


class Load:
    """Four writers that do 100 operations a second; `failing` tells how many fail by a moment."""

    def __init__(self, clock, back=SETTLED, failing=lambda _: 0, still=(0.0, 0.0)):
        self._clock, self._back, self._failing = clock, back, failing
        self._still = still  # from when to when nothing gets done

    def acked_since(self, moment):
        return 4 if self._clock.now() >= max(self._back, moment) else 3

    def progress(self):
        now = self._clock.now()
        until = min(now, self._still[0]) if now < self._still[1] else now
        done, failed = round(100 * (until - 10.0)), self._failing(now)
        return Progress(acked_by={"0": done - failed}, failed=failed, complaints=())


class Failover:
    profile, moves_writer = "quick", True

    def __init__(self, clock, triggered=10.0, over=SETTLED, told=0.0):
        self._clock, self.triggered, self._over, self._told = clock, triggered, over, told

    def milestones(self):
        return [Milestone(name="trigger", at=self.triggered), Milestone(name="up", at=self._over)]

    def settled(self):
        return self._clock.now() >= self._over

    def told(self):
        return self._clock.now() >= self._told


def waited(
    failing=lambda _: 0, calm=(100, 0), back=SETTLED, failovers=1, bound=BOUND, still=(0.0, 0.0),
    *, quiet=QUIET, look=lambda: None, told=0.0,
):  # fmt: skip
    """Return how long a load is waited for."""
    clock = SteppingClock(10.0)
    own = [Failover(clock, 10.0 + n, SETTLED + n, told) for n in range(failovers)]
    recovery = Recovery(Load(clock, back, failing, still), 4, quiet, clock)
    if calm:
        recovery.note_calm(Progress(acked_by={"0": calm[0]}, failed=calm[1], complaints=()))
    disturbances = Disturbances(SimpleNamespace(failovers=own), [])
    recovery.wait(disturbances, bound, look=look)
    return clock.moment - 10.0


def near(seconds):
    return pytest.approx(seconds, abs=0.1)


def test_a_load_that_is_well_ends_after_its_cool_down():
    assert waited() == near(3.0)
    assert waited(back=14.0) == near(5.0)
    assert waited(failovers=3) == near(5.0)
    assert waited(failovers=0) == near(1.0)
    assert waited(quiet=0.0) == near(2.0)


@pytest.mark.parametrize(("failovers", "well"), [(0, 11.0), (1, 13.0)])
def test_observation_ends_with_an_answer_if_there_is_one(failovers, well):
    """A machine that pauses at the very end has made no outage that is not over."""
    assert waited(failovers=failovers, still=(well - 0.01, well + 0.4)) == near(well + 0.4 - 10.0)
    assert waited(failovers=failovers, still=(well - 0.01, 1e9)) == near(well + 1.0 - 10.0)


@pytest.mark.parametrize(("told", "ends"), [(0.0, 3.0), (15.0, 5.0), (1e9, BOUND + QUIET)])
def test_what_is_told_late_is_waited_for_up_to_the_bound(told, ends):
    assert waited(told=told) == near(ends)


def test_errors_begin_another_cool_down():
    assert waited(lambda now: 1 if now >= 12.5 else 0) == near(4.0)
    assert waited(lambda now: min(5, max(0, round(now - 12)))) > 7.0
    assert waited(lambda now: 1 if now >= 11.9 else 0) == near(3.0)  # before all were back


def test_a_share_of_errors_like_the_calms_is_the_loads_own():
    def tenth(now):
        return round(10 * (now - 10.0))

    assert waited(tenth, calm=(948, 52)) == near(3.0)
    for ill in ((960, 40), (100, 0), (0, 0), None):
        assert waited(tenth, calm=ill) == near(BOUND + QUIET)


@pytest.mark.parametrize(
    "ill", [{"failing": lambda now: round(25 * (now - 10.0))}, {"back": 1e9}, {"failovers": 10}]
)
def test_a_load_that_is_never_well_ends_at_its_bound(ill):
    assert waited(**ill | {"bound": 2.0}) <= 3 * 2.0 + QUIET + 0.1


def test_failovers_that_follow_each_other_are_waited_for_thrice_the_bound():
    assert waited(failovers=10, bound=2.0) == near(3 * 2.0 + QUIET)


@pytest.mark.parametrize("moment", [0, 5, -1])
def test_who_sees_that_waiting_is_pointless_ends_it_at_the_next_look(moment):
    looks = []
    waited(look=lambda: looks.append(None), still=(12.9, 13.5))
    left = iter(range(len(looks) + 1))

    def look():
        if next(left) == moment % len(looks):
            raise ConnectionError("it died")

    with pytest.raises(ConnectionError):
        waited(look=look, still=(12.9, 13.5))
    assert next(left) == moment % len(looks) + 1


def test_at_the_bound_an_answer_is_waited_for_as_well_though_not_for_long():
    assert 4.04 < waited(back=1e9, still=(13.9, 14.045), bound=3.0) < 4.08


def test_a_bound_that_ends_an_outage_waits_for_no_answer():
    assert waited(back=1e9, still=(12.0, 1e9), bound=3.0) == near(3.0 + QUIET)


def test_a_failover_that_was_over_before_is_none_of_the_loads():
    clock = SteppingClock(10.0)
    past, on = Failover(clock, 5.0, 6.0), Failover(clock, 8.0, 12.0)
    target = SimpleNamespace(failovers=[past, on])
    others = []
    disturbances = Disturbances(target, others)
    disturbances.begin()
    assert disturbances.found() == [on]
    assert disturbances.own_on_record() is None
    assert not disturbances.missed()

    late, own = Failover(clock, 30.0), Failover(clock, 9.0)
    others.append(own)
    target.failovers.append(late)
    disturbances.note_own(own)
    assert disturbances.found() == [on, own, late]
    assert disturbances.own_on_record() is True
    disturbances.note_own(late)
    disturbances.end(29.0)
    assert disturbances.found() == [on, own]
    assert disturbances.own_on_record() is False


@pytest.mark.parametrize(
    ("over", "seen", "missed"), [(12.0, [], True), (9.0, [], False), (12.0, [20.0], False)]
)
def test_a_failover_that_was_over_when_the_first_write_came_is_missed(over, seen, missed):
    clock = SteppingClock(10.0)
    target = SimpleNamespace(failovers=[Failover(clock, 8.0, over)])
    disturbances = Disturbances(target, [])
    clock.sleep(5.0)
    disturbances.begin()
    target.failovers += [Failover(clock, at) for at in seen]

    assert disturbances.missed() is missed
