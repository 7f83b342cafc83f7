"""What a test asks of a real cluster: by the facts that AWS told, behind the gates, never elsewhere."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from clocks import SteppingClock
from facts import NOW, cluster, evidence, member, proxy, settings

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live import cluster as clusters
from pytest_rdsfailover.live.cluster import LiveCluster
from pytest_rdsfailover.live.gates import RefusedError
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError
from pytest_rdsfailover.model.traffic import SERVER, Traffic


class Gathered:
    """What is known of a cluster, and a ledger that counts nothing."""

    def __init__(self, **asked):
        self.asked = settings(auth="environment", user="app", max_failovers=9, **asked)
        self.ledger, self.region = self, SimpleNamespace(name="eu-west-1")
        self.used, self.last, self.offset, self.uncertainty = 0, None, 1.25, 0.5
        self.facts, self.targets, self.changes, self.asked_for = cluster(), None, {}, 0
        self.to_monotonic = self.now = float

    def cluster(self):
        self.asked_for += 1
        return self.facts

    def evidence(self, plan):
        usual = evidence(asked=self.asked, cluster=self.facts, proxy=self.targets, now=NOW)
        return usual.but(plan=plan or usual.plan, **self.changes)

    def failovers(self):
        return ()

    def spend(self, _):
        self.used += 1

    def record(self, *_, **__):
        pass


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Return what makes a cluster of what is known of it; no trigger acts."""
    monkeypatch.setenv("RDS_PASSWORD", "secret")
    monkeypatch.setattr(clusters.LiveTrigger, "prepare", lambda _: None)

    def make(gathered):
        return LiveCluster(gathered, tmp_path, clock=SteppingClock())

    return make


def test_endpoints_are_those_that_rds_names(made):
    gathered = Gathered(proxy="orders-proxy")
    gathered.targets = proxy()
    target = made(gathered)

    assert target.writer_endpoint.host == "orders-test.cluster-x.example"
    assert target.reader_endpoint.host == "orders-test.cluster-ro-x.example"
    assert target.proxy_endpoint.host == "orders-proxy.proxy-x.example"
    assert target.instance_endpoint("two").host == "two.example"
    assert target.audit_endpoint().host == "one.example"
    named = partial(target._addresses.named, target.facts)
    assert named("cluster") == target.writer_endpoint
    assert named("two") == target.instance_endpoint("two")
    assert target.writer_endpoint.database == "rdsfailover"
    assert target.parts()["proxy"] == "orders-proxy"


def test_a_run_without_a_proxy_has_no_endpoint_of_one(made):
    target = made(Gathered())

    assert "proxy" not in target.parts()
    with pytest.raises(SettingError, match="--rds-proxy"):
        _ = target.proxy_endpoint


def test_who_is_the_writer_is_asked_each_time(made):
    gathered = Gathered()
    target = made(gathered)
    assert (target.writer, target.readers, target.instances) == ("one", ("two",), ("one", "two"))
    gathered.facts = cluster(members=(member("one"), member("two", writer=True), member("three")))

    assert (target.writer, target.readers) == ("two", ("one", "three"))
    gathered.facts = cluster(members=(member("one"), member("two")))
    with pytest.raises(RdsFailoverError, match="0 writers"):
        _ = target.writer


def test_the_gates_are_asked_before_anything_is_known_of_the_cluster(made):
    gathered = Gathered()
    gathered.changes = {"killed": True}

    with pytest.raises(RefusedError):
        made(gathered)


@pytest.fixture
def triggered(monkeypatch):
    """The plans that were acted on, with the facts that each was held to."""
    plans = []
    monkeypatch.setattr(
        clusters.LiveFailovers, "trigger", lambda _, plan, facts, __: plans.append((plan, facts))
    )
    return plans


def test_a_failover_acts_on_the_plan_of_before_the_load_and_on_facts_of_now(made, triggered):
    gathered = Gathered()
    target = made(gathered)
    target.prepare()
    gathered.facts = moved = cluster(members=(member("one"), member("two", writer=True)))
    target.fail_over("two")

    ((plan, facts),) = triggered
    assert (plan.writer, plan.target, facts) == ("one", "two", moved)


def test_one_plan_is_good_for_one_trigger(made, triggered):
    gathered = Gathered()
    target = made(gathered)
    target.fail_over()
    gathered.changes = {"killed": True}

    with pytest.raises(RefusedError):
        target.fail_over()
    assert len(triggered) == 1


def test_a_trigger_of_one_s_own_is_paid_and_needs_a_plan_of_its_own(made):
    gathered = Gathered()
    target = made(gathered)
    with target.permit("two"):
        assert gathered.used == 1
    gathered.changes = {"killed": True}
    with pytest.raises(RefusedError), target.permit("two"):
        raise AssertionError("nobody may act")
    assert gathered.used == 1


def test_checking_in_looks_at_each_way_and_writes_on_the_writer_s_only(made, monkeypatch):
    looked = []
    monkeypatch.setattr(
        clusters.preflight,
        "check_endpoint",
        lambda one, *, writes: looked.append((one.host, writes)),
    )
    gathered = Gathered(proxy="orders-proxy")
    gathered.targets = proxy()
    target = made(gathered)
    monkeypatch.setenv("RDS_PASSWORD", "rotated")
    target.check_in()

    assert looked == [
        ("one.example", True),
        ("orders-test.cluster-x.example", False),
        ("orders-proxy.proxy-x.example", False),
    ]
    assert target.writer_endpoint.secret() == "rotated"
    gathered.offset = 61.0
    with pytest.raises(clusters.preflight.PreflightError, match="clock"):
        target.check_in()


def test_traffic_is_the_writer_s_and_unknown_where_nobody_can_tell(made):
    gathered = Gathered()
    target = made(gathered)
    target._traffic = SimpleNamespace(ask=lambda mark, writer: seen.get((mark, writer)))
    seen = {("m", "one"): Traffic(writes=3)}

    assert target.traffic("m") == {SERVER: Traffic(writes=3)}
    assert target.traffic("other") is None
    gathered.cluster = lambda: (_ for _ in ()).throw(AwsError("describe", "Throttling", "slow"))
    assert target.traffic("m") is None


def test_a_report_says_what_was_measured_through_what(made):
    gathered = Gathered()
    parts = made(gathered).parts()

    assert parts["cluster"] == "orders-test (aurora-mysql 8.0.mysql_aurora.3.10.0)"
    assert parts["place"] == "account 111122223333, eu-west-1"
    assert parts["credentials"] == "app, from the environment"
    assert (parts["tls"], parts["trigger"]) == ("verified", "failover")
    assert parts["clock"] == "AWS is +1.2 s (±0.5 s) from ours"
    assert "stand-in" not in parts
    gathered.offset = None
    gathered.asked = replace(gathered.asked, tls="off", endpoint_url="http://127.0.0.1:5000")
    stood_in = made(gathered).parts()
    assert (stood_in["clock"], stood_in["tls"]) == ("unknown", "off")
    assert stood_in["stand-in"] == "http://127.0.0.1:5000"


def test_failovers_are_watched_checked_waited_for_and_ended_by_those_who_began_them(made):
    target, done = made(Gathered()), []
    target._failovers = SimpleNamespace(
        all=["one"], check=lambda: done.append("check"), rest=lambda: done.append("rest"),
        close=lambda: done.append("close"),
    )  # fmt: skip
    target.check()
    target.rest()
    target.close()

    assert (done, target.failovers) == (["check", "rest", "close"], ["one"])
