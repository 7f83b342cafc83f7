"""What all failovers of a trial come to, and what came to all endpoints together."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.target import milestones, moves_writer, settled_at, settled_by
from pytest_rdsfailover.model.traffic import COUNTS, Traffic


def failover(*moments, settled=True, moves=True, event=None):
    seen = [Milestone(name="m", at=at) for at in moments]
    seen += [] if event is None else [Milestone(name="event", at=event, uncertainty=0.5)]
    return SimpleNamespace(milestones=lambda: seen, settled=lambda: settled, moves_writer=moves)


def test_milestones_of_all_failovers_stand_in_order_of_time():
    assert [one.at for one in milestones([failover(1.0, 5.0), failover(3.0)])] == [1.0, 3.0, 5.0]


def test_all_is_settled_with_the_last_milestone_of_the_last_and_not_before():
    both = [failover(1.0, 5.0), failover(3.0)]

    assert settled_at(both) == 5.0
    assert settled_at([*both, failover(7.0, settled=False)]) is None
    assert (settled_by(both, 5.0), settled_by(both, 4.9), settled_by([], 9.0)) == (5.0, None, None)
    assert settled_by([failover(1.0, settled=False)], 9.0) is None


def test_when_all_was_settled_does_not_depend_on_what_aws_tells_late():
    assert settled_by([failover(1.0, 5.0, event=9.0)], 6.0) == 5.0
    assert settled_by([failover(1.0, 5.0, event=4.0)], 6.0) == 5.0


@pytest.mark.parametrize("moves", [True, False, None])
def test_the_writer_tells_of_a_single_failover_only(moves):
    assert moves_writer([failover(moves=moves)]) is moves
    assert moves_writer([]) is moves_writer([failover(), failover()]) is None


def test_nothing_came_to_an_endpoint_of_which_nothing_is_said():
    assert {getattr(Traffic(), name) for name in COUNTS} == {0}
    assert not Traffic().unseen


def test_traffic_of_several_endpoints_is_added_up_by_writer():
    one = Traffic(writes=2, keys={"1": 3}, lost_answers={"1": [4, 2]})
    two = Traffic(writes=5, keys={"1": 1, "2": 7}, lost_answers={"1": [2, 9]}, unseen=True)
    total = Traffic.total([one, two])

    assert (total.writes, total.keys, total.unseen) == (7, {"1": 4, "2": 7}, True)
    assert total.lost_answers == {"1": [2, 4, 9]}
    assert not Traffic.total([one, one]).unseen


def test_what_came_since_an_earlier_look_is_never_fewer_than_none_uncommitted():
    before, now = Traffic(writes=2, uncommitted=3), Traffic(writes=9, uncommitted=1, keys={"1": 3})

    assert (now.minus(before).writes, now.minus(before).uncommitted) == (7, 0)
    assert now.minus(before).keys == {"1": 3}
