"""A standing cluster as another process sees it."""

import json
from types import SimpleNamespace

import pytest
from clocks import SteppingClock
from standing_clusters import description

from pytest_rdsfailover.local.aws_api.script import encode_script
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.standing import visitor
from pytest_rdsfailover.local.standing.visitor import VisitedCluster
from pytest_rdsfailover.model.errors import DiedError, GatewayError, SettingError


class Gateway:
    """Has a password that was rotated, and may be gone."""

    def __init__(self):
        self.closed, self.gone = False, False

    def secrets(self):
        return {"app": json.dumps({"username": "app", "password": "rotated"})}

    def describe(self):
        raise AssertionError("nobody asked for that")

    def ping(self):
        if self.gone:
            raise GatewayError("nobody is there")

    def close(self):
        self.closed = True


@pytest.fixture
def visited(monkeypatch):
    """Visit a cluster as it is described, in the standard way but for what is changed."""
    asked = []
    monkeypatch.setattr(
        visitor, "gateway", SimpleNamespace(connect=lambda path: asked.append(path) or Gateway())
    )

    def visit(**changes):
        cluster = VisitedCluster(description(**changes))
        assert set(asked) == {"/nowhere/gateway.sock"}
        return cluster

    return visit


def test_an_endpoint_has_the_password_that_works_now(visited):
    endpoint = visited().endpoint("writer")
    assert (endpoint.password, endpoint.host, endpoint.name) == ("rotated", "127.0.0.2", "cluster")
    assert visited()._endpoint("instance-1").password == "rotated"


def test_a_clock_may_be_given(visited):
    clock = SteppingClock()
    assert VisitedCluster(description(), clock)._clock is clock
    assert visited()._clock.now() > 0


def test_leaving_closes_both_ways_to_it(visited, monkeypatch):
    with visited() as cluster:
        closed = []
        monkeypatch.setattr(cluster.toxiproxy, "close", lambda: closed.append(1))
        assert (cluster.gateway.closed, cluster.toxiproxy.url) == (False, "http://127.0.0.1:1")
    assert (cluster.gateway.closed, closed) == (True, [1])


def test_a_cluster_that_is_gone_has_died_and_one_that_answers_has_not(visited):
    cluster = visited()
    cluster.check()
    cluster.arm()
    cluster.gateway.gone = True
    with pytest.raises(DiedError, match=r"the cluster 'orders'.*nobody is there"):
        cluster.check()


@pytest.mark.parametrize(("cut", "armed"), [("close", False), ("reset", True)])
def test_a_green_twin_ends_its_links_as_the_clusters_profile_does(visited, monkeypatch, cut, armed):
    cluster = visited()
    cluster._profile = SimpleNamespace(cut=cut)
    monkeypatch.setattr(visitor, "BlueGreenDeployment", lambda *given: given)
    gateway, listeners, places, addresses, _, endpoint = cluster.blue_green()

    assert (gateway, places) == (cluster.gateway, cluster.description.places)
    assert (listeners.prefix, listeners.armed) == ("rdsfailover-1-", armed)
    assert addresses.called("reader") == ("127.0.0.3", 13306)
    green = endpoint("green", "127.0.0.9", 7)
    assert (green.name, green.host, green.port) == ("green", "127.0.0.9", 7)
    assert green.password == "rotated"


def test_a_cluster_with_names_gets_no_green_twin_here(visited):
    with pytest.raises(SettingError, match="leave out --aws-names"):
        visited(names={"cluster": "db.example"}).blue_green()


def test_what_needs_an_aws_api_is_refused_without_one(visited):
    cluster = visited(aws=None)
    for ask in (cluster.storage, lambda: cluster.functions(patience=1.0, at_once=2)):
        with pytest.raises(SettingError, match="has no AWS API"):
            ask()


def test_its_aws_api_is_asked_with_the_patience_that_is_wanted(visited):
    pytest.importorskip("boto3")
    cluster = visited()
    functions = cluster.functions(patience=7.5, at_once=3).meta
    assert (functions.endpoint_url, functions.service_model.service_name) == (
        "http://127.0.0.1:1", "lambda",
    )  # fmt: skip
    assert (functions.config.read_timeout, functions.config.max_pool_connections) == (7.5, 3)
    storage = cluster.storage().meta
    assert storage.service_model.service_name == "s3"
    assert storage.config.signature_version == "s3v4"


def test_it_is_made_of_what_was_written_down_and_has_its_usual_profile(visited):
    cluster = visited(usual=encode_script(load_profile("quick"), 1))
    assert cluster.parts().keys() == {"server", "trigger"}
    assert (cluster.instances, cluster._profile.name) == (("instance-1", "instance-2"), "quick")
