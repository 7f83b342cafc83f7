"""What ends a standing cluster, and what does not."""

import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from clocks import SteppingClock
from standing_clusters import AWS, description

from pytest_rdsfailover.local.aws_api.script import encode_script
from pytest_rdsfailover.local.gateway.control_connection import SilentGatewayError
from pytest_rdsfailover.local.listeners import Place
from pytest_rdsfailover.local.processes.identity import own_identity
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.standing import host
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.local.standing.host import ClusterHost, Limits
from pytest_rdsfailover.local.standing.registry import Registry
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import GatewayError, SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.model.traffic import Traffic


class Parent:
    """Lives for some looks."""

    def __init__(self, looks):
        self._looks = looks

    @property
    def lives(self):
        self._looks -= 1
        return self._looks >= 0


class Cluster:
    """Says at each look what it is told to; nothing is asked of it."""

    failovers, busy = (), 0

    def __init__(self, *faults):
        self._faults = list(faults)

    def traffic(self, _):
        return {}

    def check(self):
        fault = self._faults.pop(0) if self._faults else None
        if fault is not None:
            raise fault


@pytest.fixture
def kept(monkeypatch):
    """Keep a cluster for some looks, or as long as nothing ends it."""
    monkeypatch.setattr(host, "LOOK_EVERY", 0)

    def kept(cluster, looks, idle=None):
        one = ClusterHost.__new__(ClusterHost)
        one.cluster = cluster
        return one.wait(Limits(parent=Parent(looks), idle=idle), lambda: None)

    return kept


def test_a_gateway_that_is_silent_for_a_while_does_not_end_its_cluster(kept):
    silent = SilentGatewayError("the gateway does not answer: timed out")
    assert kept(Cluster(silent, silent, None, silent), 6) == "its parent has ended"


def test_one_that_stays_silent_does(kept, monkeypatch):
    monkeypatch.setattr(host, "SILENT_FOR", -1.0)
    with pytest.raises(SilentGatewayError, match="timed out"):
        kept(Cluster(SilentGatewayError("timed out")), 6)


def test_a_failover_that_could_not_be_played_ends_it_at_once(kept):
    with pytest.raises(GatewayError, match="all steps"):
        kept(Cluster(None, GatewayError("could not play all steps")), 6)


class BusyCluster(Cluster):
    """Works on a statement for some looks, and on nothing after that."""

    def __init__(self, looks):
        super().__init__()
        self._looks = looks

    @property
    def busy(self):
        self._looks -= 1
        return int(self._looks >= 0)


def test_a_statement_under_way_is_something_that_was_asked(kept):
    assert kept(BusyCluster(looks=50), 40, idle=1e-9) == "its parent has ended"
    assert kept(BusyCluster(looks=5), 40, idle=1e-9).startswith("nothing was asked of it")


@pytest.mark.parametrize(("idle", "ends"), [(None, False), (3.0, True)])
def test_a_cluster_of_which_nothing_is_asked_ends_after_a_while_if_it_is_to(ticking, idle, ends):
    why, looks = ticking(Cluster(), looks=10, idle=idle)
    assert why == ("nothing was asked of it for 3.00 s" if ends else "its parent has ended")
    assert looks == (3 if ends else 10)


class AskedCluster(Cluster):
    """Is asked for something at some looks."""

    def __init__(self, **asked):
        super().__init__()
        self._asked, self._look = asked, 0

    @property
    def failovers(self):
        return [1] * self._seen("failovers")

    def traffic(self, _):
        self._look += 1
        seen = {kind: self._seen(kind) for kind in ("connections", "statements")}
        return {"a": Traffic(), "b": Traffic(**seen)}

    def _seen(self, kind):
        return sum(look < self._look for look in self._asked.get(kind, ()))


@pytest.mark.parametrize(
    "kinds", [["connections"], ["statements"], ["failovers"], ["connections", "statements"]]
)
def test_whatever_is_asked_of_it_lets_a_cluster_stand_longer(ticking, kinds):
    why, looks = ticking(AskedCluster(**{kind: [2, 4] for kind in kinds}), looks=20, idle=3.0)
    assert why.startswith("nothing was asked")
    assert looks == 7


def test_a_silence_may_be_as_long_as_is_said(ticking, monkeypatch):
    monkeypatch.setattr(host, "SILENT_FOR", 2.0)
    silent = SilentGatewayError("timed out")
    assert ticking(Cluster(silent, silent), looks=4)[1] == 2
    with pytest.raises(SilentGatewayError):
        ticking(Cluster(silent, silent, silent), looks=4)


def test_a_silence_that_ends_is_counted_anew(ticking, monkeypatch):
    monkeypatch.setattr(host, "SILENT_FOR", 2.5)
    silent = SilentGatewayError("timed out")
    why, looks = ticking(Cluster(silent, silent, None, silent, silent), looks=8)
    assert (why, looks) == ("its parent has ended", 4)  # nobody looks while it is silent
    with pytest.raises(SilentGatewayError):
        ticking(Cluster(silent, silent, silent), looks=8)


@pytest.fixture
def ticking(monkeypatch):
    """Keep a cluster, with a second between two looks."""

    def kept(cluster, looks, idle=None):
        clock = SteppingClock()
        time = SimpleNamespace(monotonic=clock.now, sleep=lambda _: clock.sleep(1.0))
        monkeypatch.setattr(host, "time", time)
        one, looked = ClusterHost.__new__(ClusterHost), []
        one.cluster = cluster
        limits = Limits(parent=Parent(looks), idle=idle)
        return one.wait(limits, lambda: looked.append(1)), len(looked)

    return kept


class Started(Cluster):
    """A cluster as a backend starts it, and what was done with it."""

    control, ca, aws = "/control", "/ca", "plane"
    writer_endpoint = Endpoint(
        name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
    )

    def __init__(self, done, zone):
        super().__init__()
        self._done, self._zone = done, zone
        places = description().places
        client = SimpleNamespace(url="http://toxiproxy")
        self.network = SimpleNamespace(client=client, prefix="p-", places=places)
        self.proxy = SimpleNamespace(begin=lambda changes: done.append(("proxy", changes)))

    @contextmanager
    def aws_names(self, region):
        yield SimpleNamespace(host=lambda name: f"{name}.{region}")
        self._done.append("names end")

    def zone(self):
        return self._zone

    def parts(self):
        return {"server": "one"}


class Closing:
    """Notes that it was closed."""

    def __init__(self, done, name):
        self.close = lambda: done.append(f"{name} ends")
        self.number, self.place = 5353, AWS


@pytest.fixture
def starting(monkeypatch, tmp_path):
    """Start hosts of clusters that are stand-ins; what is done is noted."""
    done = []

    @contextmanager
    def backend(settings):
        yield SimpleNamespace(cluster=lambda: Started(done, settings.aws_names and "zone"))
        done.append("backend ends")

    def start(settings=None, *, aws=True, **more):
        monkeypatch.setattr(host, "LocalBackend", backend)
        monkeypatch.setattr(host, "can_start", lambda: aws)
        monkeypatch.setattr(host, "Door", lambda plane: Closing(done, f"door to the {plane}"))
        environ = {"XDG_CACHE_HOME": str(tmp_path)}
        return ClusterHost(settings or Settings(), "orders", environ=environ, **more)

    start.done, start.registry = done, lambda: Registry({"XDG_CACHE_HOME": str(tmp_path)})
    return start


def test_a_cluster_is_written_down_as_it_stands_and_forgotten_when_it_ends(starting):
    settings = Settings(profile="quick", seed=9)
    with starting(settings, files=[Path("/a")]) as one:
        written = starting.registry().find("orders")
        assert written == one.description
        assert replace(written, since=1.0) == Description(
            name="orders", keeper=own_identity(), control="/control", toxiproxy="http://toxiproxy",
            prefix="p-", places=one.cluster.network.places, user="u", password="p", database="d",
            ca="/ca", aws=AWS, names={}, dns=None, identifier="rdsfailover",
            usual=encode_script(load_profile("quick"), 9), seed=9, parts={"server": "one"},
            since=1.0, files=("/a",), aurora=settings.aurora,
        )  # fmt: skip
        assert abs(written.since - time.time()) < 60
        assert starting.done == [("proxy", {})]
    assert starting.done[1:] == ["door to the plane ends", "backend ends"]
    assert starting.registry().kept() == []


def test_its_proxy_begins_as_it_is_set_up_and_without_the_extra_there_is_no_aws_api(starting):
    with starting(aws=False, proxy={"a": 1}) as one:
        assert (one.description.aws, starting.done) == (None, [("proxy", {"a": 1})])


def test_a_name_that_is_taken_starts_nothing(starting):
    with starting():
        before = list(starting.done)
        with pytest.raises(SettingError, match="stands already"):
            starting()
        assert starting.done == before


@pytest.mark.parametrize(
    ("region", "port", "dns"),
    [(None, 0, None), ("eu-west-1", None, None), ("eu-west-1", 0, 5353), ("eu-west-1", 5353, 5353)],
)
def test_names_are_told_and_answered_for_if_there_is_a_port_for_that(
    starting, monkeypatch, region, port, dns
):
    responder = pytest.importorskip("pytest_rdsfailover.local.dns.responder")
    asked, done = [], starting.done
    bind = lambda wanted: asked.append(wanted) or Closing(done, "port")  # noqa: E731
    monkeypatch.setattr(responder, "DnsPort", bind)
    answer = lambda zone, bound: Closing(done, f"{zone} at {bound.number}")  # noqa: E731
    monkeypatch.setattr(responder, "Responder", answer)

    with starting(Settings(aws_names=region), dns_port=port) as one:
        names = {name: f"{name}.{region}" for name in one.cluster.network.places}
        assert one.description.names == (names if region else {})
        assert one.description.dns == (dns and Place("127.0.0.1", dns))
    assert asked == ([] if port is None else [port or None])
    ended = [each for each in done if each[1:] != "proxy"]
    assert ("zone at 5353 ends" in ended) is (dns is not None)
    assert ("port ends" in ended) is (port is not None)
