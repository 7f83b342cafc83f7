"""Connections that stayed where no writer is."""

from pytest_rdsfailover.analysis.sessions import stayed, stuck
from pytest_rdsfailover.model.traffic import LeftSession, Sessions


def left(instance="instance-1", refused=10.0, error=1836):
    return LeftSession(instance=instance, since=5.0, refused=refused, refusals=3, error=error)


def test_nothing_is_known_where_nobody_looked():
    assert stuck(None, 0.0) is None


def test_a_refusal_before_the_failover_is_another_story():
    found = stuck(Sessions(open=8, left=[left(refused=9.9), left(refused=10.0)]), 10.0)
    assert found == Sessions(open=8, left=[left()])


def test_where_they_stayed_and_what_they_met_is_said():
    sessions = Sessions(open=8, left=[left(), left(), left(instance="instance-3", error=1290)])
    assert stayed(sessions) == (
        "3 of 8 connections stayed on instance-1, instance-3, which is not the writer; their last"
        " errors: 1 x 1290, 2 x 1836"
    )
