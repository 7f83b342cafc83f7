"""What the AWS API of a local cluster does worse than it can, as far as it is pure."""

import pytest

from pytest_rdsfailover.local.aws_api.impairment import Impairment, Throttle
from pytest_rdsfailover.local.aws_api.looks import Look, ShownMember, as_known
from pytest_rdsfailover.local.gateway.views import PlayView
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.records import Milestone


def member(name, *, writer=False, status="available"):
    role = "writer" if writer else "reader"
    return ShownMember(id=name, writer=writer, status=status, role=role)


def play(target, victim="a"):
    return PlayView(name="p", started=1.0, target=target, victim=victim, dns_ttl=0.0, over=True)


AFTER = Look(members=(member("a"), member("b", writer=True)), moving=False, away=False)
FAILOVER = (
    play("b"),
    [
        Milestone(name="writer_cut", at=1.0, instance="a"),
        Milestone(name="old_writer_back", at=2.0, instance="a"),
        Milestone(name="promoted", at=3.0, instance="b"),
        Milestone(name="dns_flip", at=4.0, instance="b"),
    ],
)
BACK = (play(None), [Milestone(name="instance_back", at=9.0, instance="a")])


def seen(since, *plays, look=AFTER):
    known = as_known(look, plays, since)
    writer = [one.id for one in known.members if one.writer]
    assert [one.id for one in known.members if one.role == "writer"] == writer
    return writer, [one.status for one in known.members], known.moving


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (1.5, (["a"], ["rebooting", "rebooting"], True)),
        (2.0, (["a"], ["available", "rebooting"], True)),
        (3.0, (["b"], ["available", "available"], True)),
        (4.0, (["b"], ["available", "available"], False)),
    ],
)
def test_what_came_of_a_failover_is_shown_once_it_is_known(since, expected):
    assert seen(since, FAILOVER) == expected


def test_of_two_failovers_that_are_not_known_the_writer_before_the_first_is_shown():
    home = (play("a", victim="b"), [Milestone(name="promoted", at=6.0, instance="a")])
    look = Look(members=(member("a", writer=True), member("b")), moving=False, away=False)

    assert seen(2.5, FAILOVER, home, look=look)[0] == ["a"]
    assert seen(3.5, FAILOVER, home, look=look)[0] == ["b"]
    assert seen(6.5, FAILOVER, home, look=look)[0] == ["a"]


def test_a_promotion_that_cut_nobody_is_shown_at_once_for_nobody_can_tell_the_writer_before():
    quiet = (play("b", victim=None), [Milestone(name="promoted", at=3.0, instance="b")])

    assert seen(2.0, quiet)[0] == ["b"]


def test_a_restart_moves_no_writer_and_what_goes_on_is_shown_as_such():
    assert seen(8.0, FAILOVER, BACK) == (["b"], ["rebooting", "available"], False)
    moving = Look(
        members=(member("a", writer=True), member("b", status="rebooting")), moving=True, away=True
    )

    assert as_known(moving, [], 5.0) == moving


def test_durations_and_a_share_say_what_an_api_does_worse():
    expected = Impairment(lag=2.0, late_events=0.5, rate_exceeded=0.1)

    assert Impairment.parse("2s", "500ms", 0.1) == expected
    assert Impairment.decode(expected.encode()) == expected
    assert Impairment.parse("0s", "0s", 0.0) == Impairment()


@pytest.mark.parametrize(
    "wrong", [("soon", "0s", 0), ("0s", "late", 0), ("0s", "0s", 1.1), ("0s", "0s", -0.1)]
)
def test_what_says_nothing_is_refused(wrong):
    with pytest.raises(SettingError):
        Impairment.parse(*wrong)


def refusals(share, seed=1, calls=500):
    throttle = Throttle(share, seed)
    return [throttle.refuses() for _ in range(calls)]


def test_a_share_of_the_calls_is_refused_and_a_seed_decides_which():
    assert sum(refusals(0.1)) in range(25, 76)
    assert refusals(0.1) == refusals(0.1) != refusals(0.1, seed=2)
    assert (set(refusals(0.0)), set(refusals(1.0))) == ({False}, {True})
