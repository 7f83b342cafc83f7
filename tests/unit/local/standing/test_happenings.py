"""What happens is told once each and in order, of failovers that are on their way, too."""

import time
from datetime import datetime

from pytest_rdsfailover.local.gateway.views import PlayView
from pytest_rdsfailover.local.standing.happenings import Happening, Happenings
from pytest_rdsfailover.model.records import Milestone


class Gateway:
    """Tells what a test has put into it."""

    def __init__(self):
        self.scripts = []

    def begin(self, started):
        self.scripts.append([started, [], False])

    def plays(self, first):
        return [
            PlayView(name="quick", started=at, target="i-2", victim="i-1", dns_ttl=0.0, over=over)
            for at, _, over in self.scripts[first:]
        ]

    def milestones(self, play):
        return self.scripts[play][1]


def names(happenings):
    return [(each.failover, each.name, each.after) for each in happenings.new()]


def test_each_is_told_once_and_over_when_nothing_is_left():
    gateway = Gateway()
    happenings = Happenings(gateway)
    assert names(happenings) == []
    gateway.begin(10.0)
    assert names(happenings) == [(1, "trigger", 0.0)]
    gateway.scripts[0][1].append(Milestone(name="promoted", at=11.0))
    assert names(happenings) == [(1, "promoted", 1.0)]
    assert names(happenings) == []
    gateway.scripts[0][1].append(Milestone(name="dns_flip", at=12.0))
    gateway.scripts[0][2] = True
    gateway.begin(20.0)
    assert names(happenings) == [(1, "dns_flip", 2.0), (1, "over", 2.0), (2, "trigger", 0.0)]


def test_what_was_before_may_be_left_out():
    gateway = Gateway()
    gateway.begin(10.0)
    gateway.scripts[0][2] = True
    gateway.begin(20.0)

    assert names(Happenings(gateway, skip=1)) == [(2, "trigger", 0.0)]


def test_a_happening_says_what_where_and_when():
    gateway = Gateway()
    now = time.monotonic()
    gateway.begin(now - 2.0)
    gateway.scripts[0][1].append(Milestone(name="promoted", at=now, instance="i-9"))
    trigger, promoted = Happenings(gateway).new()

    assert (trigger.profile, trigger.instance, promoted.instance) == ("quick", "i-2", "i-9")
    assert abs(promoted.at - time.time()) < 1
    assert promoted.at - trigger.at == promoted.after == 2.0


def test_a_line_has_the_time_the_distance_the_name_and_the_instance_if_there_is_one():
    at = datetime(2026, 3, 4, 5, 6, 7, 891_234).astimezone().timestamp()
    one = {"failover": 3, "profile": "aurora", "at": at}

    first = str(Happening(name="trigger", instance="i-2", after=0.0, **one))
    assert first.split("  ", maxsplit=1)[0] == "05:06:07.891"
    assert first.endswith("  trigger  failover 3, profile aurora  i-2")
    last = str(Happening(name="over", instance=None, after=1.5, **one))
    assert last.endswith("  over")
    assert "aurora" not in last
    assert len(first.partition("trigger")[0]) == len(last.partition("over")[0])
