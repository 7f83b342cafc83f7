"""What needs the writer at the end of a trial waits for a late failover, and not for a stuck one."""

import contextlib
import math
from types import SimpleNamespace

import pymysql
import pytest
from clocks import SteppingClock

from pytest_rdsfailover.model.errors import DiedError, NotReadyError
from pytest_rdsfailover.trial.resting import (
    BRIEF,
    NEWS,
    PATIENCE,
    REST,
    at_rest,
    check_late,
    rest_awhile,
    rest_or_go_on,
)

ENDPOINT = SimpleNamespace(renew=None, lost=str)


def target(clock, over_at, ended_at=math.inf):
    """A target whose failover is over at a moment, and whose server ends at another."""

    def check():
        if clock.moment >= ended_at:
            raise DiedError("server", "SIGKILL")

    failover = SimpleNamespace(profile="late", settled=lambda: clock.moment >= over_at)
    return SimpleNamespace(failovers=[failover], audit_endpoint=lambda: ENDPOINT, check=check)


def test_a_late_failover_is_waited_for():
    clock = SteppingClock()
    rest_awhile(target(clock, over_at=REST - 1), clock)
    assert clock.moment == pytest.approx(REST - 1, abs=0.1)


def test_one_that_does_not_end_is_waited_for_a_minute_and_told():
    clock = SteppingClock()
    with pytest.raises(NotReadyError, match="the failover 'late'"):
        rest_awhile(target(clock, over_at=900.0), clock)
    assert clock.moment == pytest.approx(REST, abs=0.1)


def test_who_is_interrupted_waits_a_moment_only_and_goes_on():
    clock = SteppingClock()
    rest_or_go_on(target(clock, over_at=900.0), clock, BRIEF)
    assert clock.moment == pytest.approx(BRIEF, abs=0.1)
    with pytest.raises(DiedError):
        rest_or_go_on(target(clock, over_at=900.0, ended_at=clock.moment + 1.0), clock, BRIEF)


def test_without_a_failover_nothing_is_waited_for():
    clock = SteppingClock()
    rest_awhile(SimpleNamespace(failovers=[], check=lambda: None), clock)
    assert clock.moment == 0.0


@pytest.mark.parametrize("code", [1836, 2013, 1040, 1203, 1205])
def test_work_that_finds_no_writer_is_done_again_after_another_rest(code):
    """Nor one that all who come back have left no connection of."""
    clock, rests, seen = SteppingClock(), [], []

    def work(endpoint):
        seen.append(endpoint)
        if len(seen) < 3:
            raise pymysql.err.OperationalError(code, "not now")

    there = target(clock, over_at=0.0)
    at_rest(there, "drop t", work, clock, rest=lambda: rests.append(clock.moment))
    assert seen == [ENDPOINT] * 3
    assert len(rests) == 3


@pytest.mark.parametrize(("renew", "tries"), [(None, 1), (lambda _: False, 3)])
def test_a_refused_password_is_tried_again_where_it_may_be_rotated_just_now(renew, tries):
    """The database has the new one a moment before the secret tells it."""
    clock, seen = SteppingClock(), []
    there = target(clock, over_at=0.0)
    there.audit_endpoint = lambda: SimpleNamespace(renew=renew, lost=str)

    def work(_):
        seen.append(clock.moment)
        if len(seen) < 3:
            raise pymysql.err.OperationalError(1045, "Access denied")

    with contextlib.suppress(pymysql.err.OperationalError):
        at_rest(there, "drop t", work, clock, rest=list)
    assert len(seen) == tries


def test_a_password_that_can_be_had_no_more_is_waited_for_no_longer_and_named():
    clock, why = SteppingClock(100.0), ["", "", "its secret cannot be read anew: denied"]
    there = target(clock, over_at=0.0)
    there.audit_endpoint = lambda: SimpleNamespace(renew=lambda _: False, lost=lambda: why[0])

    def work(_):
        why.pop(0)
        raise pymysql.err.OperationalError(1045, "Access denied")

    with pytest.raises(NotReadyError, match=r"a writer to drop t .*1045.*; its secret cannot be"):
        at_rest(there, "drop t", work, clock, rest=list)
    assert clock.moment < 101.0


@pytest.mark.parametrize("code", [1064, 1142])
def test_work_that_fails_otherwise_is_not_done_again(code):
    def work(_):
        raise pymysql.err.ProgrammingError(code, "no")

    clock = SteppingClock()
    with pytest.raises(pymysql.err.ProgrammingError):
        at_rest(target(clock, over_at=0.0), "drop t", work, clock, rest=list)
    assert clock.moment == 0.0


def test_a_writer_that_stays_away_is_told_in_the_end():
    def work(_):
        raise pymysql.err.OperationalError(2003, "refused")

    clock = SteppingClock(100.0)
    with pytest.raises(NotReadyError, match="a writer to drop t"):
        at_rest(target(clock, over_at=0.0), "drop t", work, clock, rest=list)
    assert clock.moment == pytest.approx(100.0 + PATIENCE, abs=0.2)


@pytest.mark.parametrize("over_at", [0.0, 900.0])
def test_a_server_that_has_ended_is_waited_for_no_longer(over_at):
    def work(_):
        raise pymysql.err.OperationalError(2003, "refused")

    clock = SteppingClock()
    ended = target(clock, over_at, ended_at=1.0)
    with pytest.raises(DiedError):
        at_rest(ended, "drop t", work, clock, rest=lambda: rest_awhile(ended, clock))
    assert clock.moment == pytest.approx(1.0, abs=0.2)


def test_nor_is_a_writer_of_a_server_that_has_ended():
    def work(_):
        raise pymysql.err.OperationalError(2003, "refused")

    clock = SteppingClock()
    ended = target(clock, over_at=0.0, ended_at=1.0)
    with pytest.raises(DiedError):
        at_rest(ended, "create t", work, clock, rest=list)  # which does not look for itself
    assert clock.moment == pytest.approx(1.0, abs=0.2)


def test_a_server_that_has_ended_is_not_asked_for_its_failovers():
    class Ended:
        @property
        def failovers(self):
            raise ConnectionError("nobody answers")

        def check(self):
            raise DiedError("server", "SIGKILL")

    with pytest.raises(DiedError):
        rest_awhile(Ended(), SteppingClock())


def test_the_end_of_a_server_that_its_clients_notice_first_is_waited_for():
    clock = SteppingClock()
    check_late(target(clock, over_at=0.0), clock)
    with pytest.raises(DiedError):
        check_late(target(clock, over_at=0.0, ended_at=clock.moment + NEWS / 2), clock)
