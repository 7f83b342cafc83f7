"""What the probes of a blue/green switchover see; which side answers is told by nothing but writes."""

from types import SimpleNamespace

import pymysql
import pytest
from clocks import SteppingClock
from facts import cluster, green

from pytest_rdsfailover.live import switchover_probes as probes
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.mysql import driver

PLACE = Endpoint(
    name="one", kind="instance", host="127.0.0.1", port=9, user="u", password="p", database="d"
)


class Server:
    """Answers whether it is read-only; None for no answer at all."""

    def __init__(self):
        self.read_only = 0

    def connect(self, *_, **__):
        if self.read_only is None:
            raise pymysql.err.OperationalError(2003, "planted")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    cursor = connect

    def execute(self, statement):
        assert "@@read_only" in statement
        if self.read_only is None:
            raise pymysql.err.OperationalError(2013, "planted")

    def fetchone(self):
        return "one", self.read_only


@pytest.fixture
def server(monkeypatch):
    server = Server()
    monkeypatch.setattr(driver, "connect", server.connect)
    monkeypatch.setattr(driver, "close", lambda _: None)
    return server


def seen(timeline):
    return [(one.name, one.instance) for one in timeline.all()]


def looks(probe, server, *states):
    for state in states:
        server.read_only = state
        probe.clock.moment += 1.0
        probe.look()


def side(*, is_green):
    timeline = Timeline()
    return probes.SideProbe(PLACE, timeline, SteppingClock(), "blue-1", green=is_green), timeline


def test_blue_refuses_writes_and_is_lost_and_nobody_says_that_it_is_back(server):
    probe, timeline = side(is_green=False)
    looks(probe, server, 0, 1, 1, None, None, 0, 1)

    assert seen(timeline) == [("writes_refused", "blue-1"), ("writer_cut", "one")]


def test_a_refusal_that_a_later_session_meets_is_dated_by_nobody(server):
    probe, timeline = side(is_green=False)
    looks(probe, server, 0, None, 1)

    assert seen(timeline) == [("writer_cut", "one")]


def test_green_is_lost_and_then_takes_writes_in_the_name_of_blue(server):
    probe, timeline = side(is_green=True)
    looks(probe, server, 1, None, 1, 0, 1, 0)

    assert seen(timeline) == [("instance_cut", "one"), ("switched", "blue-1")]


def test_an_endpoint_takes_writes_since_the_last_time_that_it_took_none(server):
    probe = probes.WritableProbe(PLACE, SteppingClock(100.0))
    looks(probe, server, 0)
    assert (probe.since, probe.takes_writes(100.9), probe.takes_writes(101.0)) == (
        100.0,
        True,
        False,
    )
    looks(probe, server, 1)
    assert (probe.since, probe.takes_writes(0.0)) == (None, False)
    looks(probe, server, 0, None, 0, 0)

    assert (probe.since, probe.asked, probe.takes_writes(105.0)) == (105.0, 106.0, True)


def test_what_is_no_answer_of_a_server_ends_the_probe(monkeypatch):
    def broken(*_, **__):
        raise TypeError("planted")

    monkeypatch.setattr(driver, "connect", broken)
    with pytest.raises(TypeError, match="planted"):
        probes.WritableProbe(PLACE, SteppingClock()).look()


def test_a_name_of_green_is_gone_once_it_stays_away(monkeypatch):
    answers, timeline = {"green": "10.0.0.1"}, Timeline()
    monkeypatch.setattr(probes, "resolve", answers.get)
    probe = probes.GreenDnsProbe("green", timeline, SteppingClock(100.0))
    for address, seconds in (("10.0.0.1", 0.0), (None, 0.1), (None, 0.9), ("10.0.0.1", 0.1)):
        answers["green"] = address
        probe.clock.moment += seconds
        probe.look()
    assert seen(timeline) == []
    answers["green"] = None
    for _ in range(3):
        probe.clock.moment += 0.6
        probe.look()

    assert [(one.name, round(one.at, 1)) for one in timeline.all()] == [
        ("green_dns_removed", 101.7)
    ]


class Places:
    """Addresses of a cluster whose endpoints are called as they are named."""

    def cluster(self, facts):
        return SimpleNamespace(name=facts.host, token=None)

    def instance(self, facts, name):
        assert facts.member(name)
        return SimpleNamespace(name=name, token=None)


def all_of(timeline=None, **changes):
    blue, timeline = cluster(**changes), timeline or Timeline()
    return probes.SwitchoverProbes(blue, green(), "two", Places(), timeline, SteppingClock(9.0))


def test_both_sides_and_all_names_are_looked_at():
    found = all_of()
    assert [type(one).__name__ for one in found.all] == [
        "SideProbe", "SideProbe", "WritableProbe", "WritableProbe", "BlueDnsProbe", "GreenDnsProbe",
    ]  # fmt: skip
    assert (found.writer, found.named) == ("one", True)
    assert [one._endpoint.name for one in found.all[:4]] == [
        "one", "one-green-def456", "orders-test.cluster-x.example", "two",
    ]  # fmt: skip


def test_an_address_is_not_resolved():
    found = all_of(host="10.0.0.1")
    assert (len(found.all), found.named) == (4, False)


@pytest.mark.parametrize("late", ["cluster", "successor"])
def test_the_audit_may_connect_only_when_both_endpoints_take_writes(late):
    """The new writer's own name may lead to blue longer than that of the cluster."""
    found = all_of(host="10.0.0.1")
    for probe in (found.cluster, found.successor):
        probe.asked = 20.0
    assert found.take_writes(19.0)
    getattr(found, late).since = None
    assert not found.take_writes(19.0)


@pytest.mark.parametrize(
    ("host", "told", "noted"),
    [
        ("10.0.0.1", ["switched"], {"switched": 3.0, "blue_dns": 7.0}),
        ("10.0.0.1", [], {"switched": 7.0, "blue_dns": 7.0}),  # late rather than early
        ("name.example", ["switched"], {"switched": 3.0, "endpoint_reaches": 7.0, "green_dns_removed": 8.0}),
    ],
)  # fmt: skip
def test_at_the_end_the_last_milestones_are_known(host, told, noted):
    timeline = Timeline()
    found = all_of(timeline, host=host)
    for name in told:
        timeline.add(name, 3.0, "one")
    found.cluster.since = 7.0
    if found.named:
        found.all[-1]._gone = 8.0
    found.conclude()

    assert {one.name: one.at for one in timeline.all()} == noted


def test_what_takes_no_writes_at_the_end_is_not_noted():
    found = all_of()
    found.cluster.since = None
    found.conclude()
    assert found._timeline.all() == []
