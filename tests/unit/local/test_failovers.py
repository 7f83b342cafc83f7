"""Who fails over to whom, told from one look at the gateway; and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.failovers import FailoverInProgressError, LocalFailovers
from pytest_rdsfailover.local.gateway.views import ClusterView, InstanceView, PlayView
from pytest_rdsfailover.local.profiles.profiles import parse_profile
from pytest_rdsfailover.model.clock import MonotonicClock
from pytest_rdsfailover.model.errors import SettingError

OURS = parse_profile("ours", {"refused": "1s", "promotion": "1s", "dns": "2s", "dns_ttl": "7s"})
CLOSING = parse_profile("closing", {"refused": "1s", "cut": "close"})


class Gateway:
    """Starts what it is told to, as a trigger; shows it, as the gateway's client."""

    def __init__(self):
        self.client, self.started, self.playing, self.told = self, [], False, 0

    def describe(self):
        instances = [
            InstanceView(id=f"instance-{n}", role="reader", state="up", sessions=0)
            for n in (1, 2, 3)
        ]
        return ClusterView(
            writer="instance-1", dns="instance-1", reader="instance-3", ports={},
            playing=self.playing, busy=0, failures=[], instances=instances,
        )  # fmt: skip

    def start(self, profile, *, writer, target, seed):
        self.started.append((profile.name, writer, target, seed))

    def plays(self, first=0):
        views = [
            PlayView(name=name, started=1.0, target=target, victim=writer, dns_ttl=3.0, over=True)
            for name, writer, target, _ in self.started[first:]
        ]
        self.told += len(views)
        return views

    def milestones(self, _):
        return []


@pytest.fixture
def gateway():
    return Gateway()


@pytest.fixture
def failovers(gateway):
    return LocalFailovers(gateway, gateway, OURS, MonotonicClock())


@pytest.mark.parametrize(("asked", "promoted"), [(None, "instance-2"), ("instance-3",) * 2])
def test_the_writer_fails_over_to_the_first_reader_unless_another_is_asked_for(
    gateway, failovers, asked, promoted
):
    failover = failovers.start(OURS, asked, seed=5)

    assert gateway.started == [("ours", "instance-1", promoted, 5)]
    assert failovers.so_far() == [failover]


def test_resolvers_remember_as_the_last_failover_says_or_the_run_before_any(failovers):
    before = failovers.dns_ttl()
    failovers.start(OURS, None, seed=0)

    assert (before, failovers.dns_ttl()) == (7.0, 3.0)


def test_a_failover_that_somebody_else_started_is_known_and_each_is_one_object(gateway, failovers):
    gateway.start(SimpleNamespace(name="api"), writer="instance-1", target="instance-3", seed=0)
    (foreign,) = failovers.so_far()
    own = failovers.start(OURS, None, seed=0)

    assert failovers.so_far()[0] is foreign
    assert (foreign.profile, own.profile) == ("api", "ours")


def test_a_look_costs_no_more_after_a_hundred_failovers(gateway, failovers):
    for seed in range(100):
        failovers.start(OURS, None, seed=seed)
    begun = gateway.told
    latest = failovers.so_far()[-1]

    assert latest.settled()
    assert gateway.told - begun <= 1


@pytest.mark.parametrize(
    ("profile", "target", "playing", "error"),
    [
        (OURS, "instance-1", False, SettingError),
        (CLOSING, None, False, SettingError),
        (OURS, None, True, FailoverInProgressError),
    ],
)
def test_what_is_refused_starts_nothing(gateway, failovers, profile, target, playing, error):
    gateway.playing = playing

    with pytest.raises(error):
        failovers.start(profile, target, seed=0)

    assert gateway.started == []


def test_whoever_asks_at_the_same_time_each_failover_is_told_once(gateway, failovers):
    """A workload may ask, too: then many threads do."""
    gateway.start(OURS, writer="instance-1", target="instance-2", seed=1)
    everybody, shown = Barrier(4), gateway.plays()

    def all_at_once(first):
        with suppress(BrokenBarrierError):
            everybody.wait(timeout=0.1)  # nobody comes if one asks after the other
        return shown[first:]

    gateway.plays = all_at_once
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: failovers.so_far(), range(4)))

    assert [len(each) for each in told] == [1] * 4
    assert all(each[0] is told[0][0] for each in told)
